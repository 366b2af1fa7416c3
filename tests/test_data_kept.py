"""What is kept of released files: whole or not at all, within its limits, and never taken for something else."""

import json
import os
import time

import pytest

from operations.data import flows, kept
from operations.data.flows import Broken, Flow
from operations.data.kept import About


@pytest.fixture(autouse=True)
def folder(settings, tmp_path):
    settings.KEPT = tmp_path / "kept"
    return settings.KEPT


def keep(key: str, content: bytes = b"content"):
    with kept.making() as place:
        (place / "file").write_bytes(content)
        return kept.keep(place, About(key, 3, (5, 6)))


def read(found, *accepted: str) -> bytes:
    content, _coding = found.open(accepted)
    with content:
        return content.read()


def test_what_is_kept_is_found_with_all_that_is_known_of_it(folder):
    keep("one")
    found = kept.find("one")
    assert (found.about, found.size) == (About("one", 3, (5, 6)), 7)
    assert found.sha256 == "ed7002b439e9ac845f22357d822bac1444730fbdb6016d3ec9432297b9ec9f73"
    assert read(found) == b"content"
    assert kept.find("another") is None


def test_nothing_half_made_is_found_or_left(folder):
    with pytest.raises(RuntimeError), kept.making() as place:
        (place / "file").write_bytes(b"con")
        assert kept.find("one") is None
        raise RuntimeError
    assert list(folder.iterdir()) == []


def test_of_two_who_make_the_same_the_first_stays(folder):
    keep("one", b"first")
    keep("one", b"second")
    assert read(kept.find("one")) == b"first"
    assert [path.name for path in folder.iterdir()] == ["one"]


def test_a_file_that_lost_bytes_is_made_anew(folder):
    keep("one")
    os.truncate(folder / "one" / "file", 3)
    assert kept.find("one") is None
    keep("one")
    assert read(kept.find("one")) == b"content"


def test_twins_are_the_same_file_compressed(folder):
    import gzip

    import brotli

    found = keep("one", b"a" * 10_000)
    assert found.open(("br", "gzip"))[1] == ""
    kept.compress(found)
    assert brotli.decompress(read(found, "br")) == gzip.decompress(read(found, "gzip")) == b"a" * 10_000
    assert found.open(("gzip",))[1] == "gzip"
    assert sorted(path.name for path in (folder / "one").iterdir()) == [
        "about.json",
        "file",
        "file.br",
        "file.gz",
    ]


def test_a_file_that_went_is_not_compressed(folder):
    found = keep("one")
    (folder / "one").rename(folder / ".making-gone-one")
    kept.compress(found)
    assert kept.find("one") is None


def asked_for(folder, key: str, seconds_ago: float):
    then = time.time() - seconds_ago
    os.utime(folder / key, (then, then))


def test_the_files_not_asked_for_longest_go_first(folder):
    for number, key in enumerate(["one", "two", "three"]):
        keep(key, b"a" * 1000)
        asked_for(folder, key, 1000 - number)
    kept.find("one")  # asked for again
    size = sum(path.stat().st_size for path in (folder / "one").iterdir())
    kept.tidy(limit=2 * size + 10)
    assert {path.name for path in folder.iterdir()} == {"one", "three"}
    kept.tidy(count=1)
    assert {path.name for path in folder.iterdir()} == {"one"}


def test_a_file_being_sent_is_sent_to_its_end(folder):
    content, _coding = keep("one").open()
    kept.tidy(limit=0)
    assert list(folder.iterdir()) == []
    with content:
        assert content.read() == b"content"


def test_what_a_killed_worker_left_goes_after_an_hour(folder):
    for key, seconds in [(".making-old", 3700), (".making-new", 60)]:
        (folder / key).mkdir(parents=True)
        asked_for(folder, key, seconds)
    kept.tidy()
    assert [path.name for path in folder.iterdir()] == [".making-new"]


def test_what_is_known_stands_in_a_file_that_people_can_read(folder):
    keep("one")
    told = json.loads((folder / "one" / "about.json").read_text())
    assert (told["rows"], told["coverage"], told["size"]) == (3, [5, 6], 7)


# ---------------------------------------------------------------------------------------------- the flow


def flow_of(path, *pieces, then=None) -> Flow:
    flow = Flow(open(path, "xb+", buffering=0))  # noqa: SIM115 — closed by the flow

    def work(flow, sink):
        flow.tell_about(About("key", 1, (1, 1)))
        for piece in pieces:
            sink.write(piece)
        if then:
            raise then

    flows.write(flow, work)
    return flow


def test_a_flow_gives_what_was_written(tmp_path):
    flow = flow_of(tmp_path / "file", b"a" * 300_000, b"b")
    flow.wait()
    assert flow.ended and b"".join(flow.pieces()) == b"a" * 300_000 + b"b"


def test_a_flow_that_fails_is_never_taken_for_one_that_ends(tmp_path):
    flow = flow_of(tmp_path / "file", b"a" * 600_000, then=ValueError("no more"))
    with pytest.raises(ValueError, match="no more"):
        flow.wait()
    with pytest.raises(Broken):
        list(flow.pieces())


def test_a_writer_stops_when_nobody_reads_on(tmp_path):
    flow = Flow(open(tmp_path / "file", "xb+", buffering=0))  # noqa: SIM115 — closed by the flow
    flow.leave()
    flows.write(flow, lambda flow, sink: sink.write(b"a" * 600_000))
    assert isinstance(flow.problem, flows.Unwanted) and flow.file.closed
