"""What stands on every answer beside Django's own headers, and who gets none in the demonstration."""

from django.http import HttpResponseForbidden

from .environment import is_loopback

NOT_NEEDED = ("camera", "display-capture", "geolocation", "microphone", "midi", "payment", "usb")
PERMISSIONS_POLICY = ", ".join(f"{feature}=()" for feature in NOT_NEEDED)


def permissions_policy(get_response):
    """Tell the browser which of its powers no page here ever asks for."""

    def answer(request):
        response = get_response(request)
        response.headers.setdefault("Permissions-Policy", PERMISSIONS_POLICY)
        return response

    return answer


def nothing_private_is_kept(get_response):
    """Let no browser or proxy keep what somebody saw while signed in: offices share computers."""

    def answer(request):
        response = get_response(request)
        # Who was recognised already; asking now would ask the database, which may be the very thing that is away.
        person = getattr(request, "_cached_user", None)
        if person is not None and person.is_authenticated:
            response.headers.setdefault("Cache-Control", "private, no-store")
        return response

    return answer


def this_machine_only(get_response):
    """Under DEMO, answer this machine alone, however the server was started."""

    def answer(request):
        if not is_loopback(request.META.get("REMOTE_ADDR", "")):
            sentence = "The demonstration answers the machine it runs on, and no other."
            return HttpResponseForbidden(sentence, content_type="text/plain")
        return get_response(request)

    return answer
