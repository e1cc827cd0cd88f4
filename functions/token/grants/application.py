"""The token function: its paths, and the rules that answer them, given a clock, randomness and a role."""

import os
from collections.abc import Callable, Mapping

from authorize import authorize
from grants import object_key, upload_request
from grants.callers import Caller, Claims, Limits, SignIn, anonymous, narrow
from grants.file_grant import issue_file_grant
from grants.settings import Settings
from grants.upload_request import UploadRequest, read_upload_request
from vendored.env import credentials
from vendored.errors import Malformed
from vendored.fc_http import SYSTEM_CLOCK, Clock, FcReply, Handler, Reply, Request, Route, serve
from vendored.records import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import TypeVar

    from grants.multipart_routes import Multipart
    from grants.permit import Permit

    T = TypeVar("T")


def build(
    environ: Mapping[str, str],
    clock: Clock = SYSTEM_CLOCK,
    entropy: "Callable[[int], bytes]" = os.urandom,
) -> Handler:
    """Return the handler of one instance. Raises `Misconfigured`."""
    instance = Instance(Settings.from_env(environ), environ, clock, entropy)
    settings = instance.settings

    routes: Mapping[str, Route] = {
        "/": ("GET", instance.grant),
        "/limits": ("GET", lambda request, _: instance.show_limits(request)),
        "/uploads": ("POST", instance.grant_batch),
        "/parts": ("POST", instance.address_parts),
        "/complete": ("POST", lambda request, context: instance.multipart(context).complete(request)),
        "/abort": ("POST", lambda request, context: instance.multipart(context).abort(request)),
    }

    def handler(event: bytes, context: object = None) -> FcReply:
        return serve(event, context, routes, settings.allowed_origins, clock, settings.problem_types_url)

    return handler


class Instance:
    """What one instance of the function has, and how it answers each path.

    What only some deployments or requests need is imported where it is used: a cold start pays for the rest.
    """

    def __init__(
        self, settings: Settings, environ: Mapping[str, str], clock: Clock, entropy: "Callable[[int], bytes]"
    ) -> None:
        self.settings = settings
        self._environ = environ
        self._clock = clock
        self._entropy = entropy
        self._sign_in = choose_sign_in(settings)
        if settings.allow_directory_grants:
            from grants import directory_grant  # noqa: PLC0415

            self._directories = directory_grant

    def show_limits(self, request: Request) -> Reply:
        """Answer `GET /limits`."""
        settings = self.settings
        caller = self._admission(request).caller(profile=request.query.get("profile", ""))
        kinds = ["file", "multipart"] if settings.multipart_bytes else ["file"]
        if settings.allow_directory_grants and self._directories.may_have_directory_grant(caller, settings):
            kinds.append("directory")
        return Reply(200, upload_request.describe_limits(caller.limits, kinds, settings.multipart_bytes))

    def grant(self, request: Request, context: object) -> Reply:
        """Answer `GET /`: a file grant, or a directory grant to who names no file."""
        admission = self._admission(request)
        if self.settings.allow_directory_grants and not request.query:
            granted = self._directories.issue_directory_grant(
                admission.caller(),
                self.settings,
                credentials(self._environ, context),
                request.now,
                self._random(),
            )
            return Reply(200, granted, log={"upload_id": str(granted["dir"]).split("/")[-2]})
        upload = admission.first(lambda: read_upload_request(request.query))
        caller = admission.caller(upload)
        upload_request.check_limits(upload, caller.limits)
        granted = self._grant_form(upload, caller, request, context)
        return Reply(200, granted, log={"upload_id": str(granted["id"])})

    def grant_batch(self, request: Request, context: object) -> Reply:
        """Answer `POST /uploads`: a grant for each file."""
        from grants import upload_batch  # noqa: PLC0415

        admission = self._admission(request)
        return upload_batch.answer_batch(
            admission.first(lambda: upload_batch.read_batch(request.body)),
            request,
            self.settings,
            admission.caller,
            lambda upload, caller: self._grant_form(upload, caller, request, context),
            lambda upload, caller: self.multipart(context).begin(request, upload, caller, self._random()),
        )

    def address_parts(self, request: Request, context: object) -> Reply:
        """Answer `POST /parts`. This needs no HTTP client, and does not pay for one."""
        from grants import part_addresses  # noqa: PLC0415

        role = credentials(self._environ, context)
        return part_addresses.answer_parts(request, self.settings, role)

    def multipart(self, context: object) -> "Multipart":
        """Return what begins, completes and aborts uploads in parts."""
        from grants.multipart_routes import Multipart  # noqa: PLC0415

        return Multipart(self.settings, credentials(self._environ, context), self._clock.monotonic)

    def _grant_form(
        self, upload: UploadRequest, caller: Caller, request: Request, context: object
    ) -> dict[str, object]:
        upload_request.check_fits_form(upload)
        role = credentials(self._environ, context)
        return issue_file_grant(upload, caller, self.settings, role, request.now, self._random())

    def _admission(self, request: Request) -> "Admission":
        return Admission(request, self.settings, self._sign_in)

    def _random(self) -> bytes:
        return self._entropy(object_key.ID_RANDOM_BYTES)


class Admission:
    """Who asks in one request, and what for: its permit, its profile, its sign-in, and your rule.

    A permit or token is verified once, for however many files. A permit that is no valid one is refused here.
    """

    def __init__(self, request: Request, settings: Settings, sign_in: SignIn) -> None:
        """Verify the permit of a request, if it has one. Raises `Unauthenticated`."""
        self._request = request
        self._settings = settings
        self._find_claims = sign_in
        self._claims: Claims | None = None
        self._permit: Permit | None = None
        if settings.permit_secret:
            from grants.permit import find_permit  # noqa: PLC0415

            self._permit = find_permit(request, settings.permit_secret)
            self._claims = self._permit.claims if self._permit else None

    def sign_in(self, request: Request) -> Claims:
        """Return the claims of the permit or of the token."""
        if self._claims is None:
            self._claims = self._find_claims(request)
        return self._claims

    def first(self, read: "Callable[[], T]") -> "T":
        """Read what is asked for. Who may not ask at all is told that first."""
        try:
            return read()
        except Malformed:
            self.caller()
            raise

    def caller(self, upload: UploadRequest | None = None, profile: str = "") -> Caller:
        """Return who asks: profile and permit narrow the limits before `authorize`. Raises a `Refusal`."""
        limits, folder = Limits(self._settings.max_bytes, self._settings.allowed_types), ""
        profile = upload.profile if upload else profile
        if profile or self._permit:
            limits, folder = self.first(lambda: self._assigned(limits, profile))
            if upload and self._permit and self._permit.profile:
                upload = upload._replace(profile=self._permit.profile)  # the one that counts
        caller = authorize(self._request, self.sign_in, limits, upload)
        page_data = upload.page_data if upload else {}
        if caller.data or page_data:
            from grants import upload_data  # noqa: PLC0415 - most uploads have neither

            upload_data.check_both(caller.data, page_data)
        return Caller(caller.subject, caller.limits, caller.data, folder, self._permit)

    def _assigned(self, limits: Limits, named: str) -> tuple[Limits, str]:
        """Return the limits and the folder of a profile and of the permit."""
        from grants import profiles  # noqa: PLC0415

        profile = profiles.choose(self._settings.profiles, self._permit, named)
        if profile:
            limits = profile.narrow(limits)
        if self._permit:
            limits = narrow(limits, self._permit.claims.get("upload"))
        return limits, profile.folder if profile else ""


def choose_sign_in(settings: Settings) -> SignIn:
    """Return the function that finds out who asks, according to the settings."""
    if not settings.find_keys:
        if settings.allow_anonymous:
            return anonymous
        from grants import permit  # noqa: PLC0415

        return permit.permit_needed
    from grants import bearer  # noqa: PLC0415 - with it comes PyJWT, which only signed-in deployments have

    return bearer.sign_in(settings.find_keys, settings.auth_issuer, settings.auth_audience)
