# `make run` and `make test` need Python 3.11 or newer and make; the rest they fetch into .venv/.
PYTHON ?= python3
BIN := .venv/bin
HOST ?= 127.0.0.1
PORT ?= 8000
export HOST PORT
export PYTHONUTF8 := 1

.PHONY: run test lint bench check-deploy lock messages
.DELETE_ON_ERROR:

run: export DEMO ?= 1
run: .venv/run.stamp var/static/staticfiles.json var/catalogues.stamp
	@$(BIN)/python manage.py prepare
	@exec $(BIN)/python -m gunicorn -c lmlecc/gunicorn.py lmlecc.wsgi

test: .venv/test.stamp var/catalogues.stamp  # make test ARGS="-k guards"
	@exec $(BIN)/python -m pytest $(ARGS)

lint: .venv/test.stamp
	@$(BIN)/python -m ruff check .
	@$(BIN)/python -m djlint --quiet --lint templates

bench: .venv/run.stamp var/static/staticfiles.json var/catalogues.stamp  # a few minutes, and a database in var/bench
	@$(BIN)/python -m bench.files

# With the settings of a real site; values already in the environment are checked as they are.
check-deploy: export DEMO := 0
check-deploy: export SECRET_KEY ?= $(shell $(PYTHON) -c "import secrets; print(secrets.token_urlsafe(64))")
check-deploy: export ALLOWED_HOSTS ?= figures.example.org
check-deploy: .venv/run.stamp var/catalogues.stamp
	@$(BIN)/python manage.py check --deploy --fail-level WARNING

lock: .venv/test.stamp
	@$(BIN)/python -m pip install -qq uv
	@for set in requirements requirements-test; do \
	    $(BIN)/python -m uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes \
	        --no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" \
	        $$set.txt --output-file $$set.lock; \
	done

# After a change of words, before they are translated; needs GNU gettext. What only commands say stays English.
messages: .venv/run.stamp
	@DEMO=1 $(BIN)/python manage.py makemessages --all --no-location --no-obsolete --no-wrap --verbosity 0 \
	    $(foreach path,.* var static tests operations/management \
	        $(foreach name,importing layouts merging profiles,operations/$(name).py),--ignore '$(path)')

.venv/bin/python:
	@command -v "$(PYTHON)" >/dev/null || { echo "Python 3.11 or newer is needed, and there is no $(PYTHON)."; exit 1; }
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; $(PYTHON) is %d.%d: name another one, as in make run PYTHON=python3.12" % sys.version_info[:2])'
	@"$(PYTHON)" -m venv --clear .venv >/dev/null || { rm -rf .venv; echo "$(PYTHON) cannot make a virtual environment: install its venv module (Debian, Ubuntu: apt install python3-venv)."; exit 1; }

.venv/run.stamp: requirements.lock | .venv/bin/python
	@echo "Fetching what the product runs with into .venv (once)."
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --require-hashes -r requirements.lock
	@touch $@

.venv/test.stamp: requirements-test.lock .venv/run.stamp
	@echo "Fetching what the tests need into .venv (once)."
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --require-hashes -r requirements-test.lock
	@touch $@

var/static/staticfiles.json: .venv/run.stamp lmlecc/settings.py $(shell find static -type f)
	@$(BIN)/python manage.py collectstatic --noinput --clear --verbosity 0
	@touch $@

var/catalogues.stamp: .venv/run.stamp $(wildcard locale/*/LC_MESSAGES/django.po)
	@$(BIN)/python -m babel.messages.frontend --quiet compile --domain django --directory locale
	@mkdir -p var && touch $@
