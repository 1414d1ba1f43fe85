"""Runs Open edX's LTI platform (xblock-lti-consumer) without Open edX around it.

    OPENEDX_LTI=/path/to/xblock-lti-consumer python3 shim.py PORT < settings.json

The checkout is not part of this repository, and nothing of it is here: this
file only stands in for what edX hands its plugin: keys of blocks, a cache, a
roster, a gradebook. Launching, signing, tokens, deep linking responses, line
items, scores and the roster's format are all the checkout's own.

settings.json names the tool: {"login", "launch", "deep_link", "jwks"}. The
first line of the answer says what to register at the tool; then it serves, and
GET /start?user=ID&role=student|instructor&message=LtiResourceLinkRequest begins
a launch, GET /saw tells what the platform has kept.
"""
import json, os, sys, types
from importlib.machinery import ModuleSpec

port, checkout = int(sys.argv[1]), os.environ["OPENEDX_LTI"]
tool = json.load(sys.stdin)
base = f"http://127.0.0.1:{port}"
people = {5: ("Sam Sailor", "sam@example.org", "student"), 6: ("Sofia Silva", "sofia@example.org", "student"),
          3: ("Tessa Teacher", "tessa@example.org", "instructor")}
published = []  # grades that reached the course


def module(name, **attributes):
    """Registers a module of the given name, and its parents."""
    parts = name.split(".")
    for i in range(1, len(parts) + 1):
        path = ".".join(parts[:i])
        if path not in sys.modules:
            sys.modules[path] = types.ModuleType(path)
            sys.modules[path].__path__ = []
            sys.modules[path].__spec__ = ModuleSpec(path, None, is_package=True)
        if i > 1:
            setattr(sys.modules[".".join(parts[:i - 1])], parts[i - 1], sys.modules[path])
    sys.modules[name].__dict__.update(attributes)
    return sys.modules[name]


from django.conf import settings
settings.configure(
    DEBUG=False, SECRET_KEY="not secret", ALLOWED_HOSTS=["*"], ROOT_URLCONF=__name__, USE_TZ=True, DEFAULT_AUTO_FIELD="django.db.models.AutoField",
    INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "rest_framework", "lti_consumer.apps.LTIConsumerApp"],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": f"file:openedx{port}?mode=memory&cache=shared", "OPTIONS": {"uri": True}}},
    MIGRATION_MODULES={"lti_consumer": None}, REST_FRAMEWORK={"PAGE_SIZE": 10}, MIDDLEWARE=[f"{__name__}.author"],
    LOGGING={"version": 1, "handlers": {"err": {"class": "logging.StreamHandler"}}, "root": {"handlers": ["err"], "level": "WARNING"}},
    TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}],
    USAGE_ID_PATTERN=r"(?P<usage_id>[^/]+@[^/]+)", LMS_ROOT_URL=base, LMS_BASE=f"127.0.0.1:{port}", PLATFORM_NAME="Harbour Online", FEATURES={},
)
from django.db import models
from django.dispatch import Signal


class Key(str):
    """An opaque key: a text that knows its course."""
    course_key = property(lambda self: Key("course-v1:Harbour+NEG101+2026"))
    context_key = course_key
    from_string = classmethod(lambda cls, text: cls(text))


class KeyField(models.CharField):
    def from_db_value(self, value, expression, connection):
        return value and Key(value)


def switch(name):
    """A configuration that is always on; models can be made only once Django's apps are loaded."""
    meta = type("Meta", (), {"abstract": True})
    return type("Switch", (models.Model,), {
        "__module__": "lti_consumer.models", "Meta": meta, "enabled": models.BooleanField(default=True),
        "change_date": models.DateTimeField(auto_now_add=True), "current": classmethod(lambda cls, *keys: cls(enabled=True))})


class Cache:
    kept = {}
    set_all_tiers = classmethod(lambda cls, key, value, django_cache_timeout=None: cls.kept.update({key: value}))
    get_cached_response = classmethod(lambda cls, key: types.SimpleNamespace(is_found=key in cls.kept, value=cls.kept.get(key)))


module("opaque_keys", InvalidKeyError=type("InvalidKeyError", (Exception,), {}))
module("opaque_keys.edx.keys", UsageKey=Key, CourseKey=Key)
module("opaque_keys.edx.django.models", UsageKeyField=KeyField, CourseKeyField=KeyField)
module("ccx_keys.locator", CCXBlockUsageLocator=type("CCX", (), {"CANONICAL_NAMESPACE": "ccx-block-v1"}))
module("config_models.models", __getattr__=switch)
module("jsonfield", JSONField=models.JSONField)
module("edx_django_utils.monitoring", function_trace=lambda name: lambda f: f)
module("edx_django_utils.cache", TieredCache=Cache, get_cache_key=lambda **named: "-".join(f"{named[k]}" for k in sorted(named)))
module("openedx_filters.tooling", OpenEdxPublicFilter=object)
module("openedx_events.content_authoring.data", DuplicatedXBlockData=object, LibraryBlockData=object, XBlockData=object)
module("openedx_events.content_authoring.signals", XBLOCK_DELETED=Signal(), LIBRARY_BLOCK_DELETED=Signal(), XBLOCK_DUPLICATED=Signal())
module("lti_consumer").__path__ = [os.path.join(checkout, "lti_consumer")]  # its __init__ would import the XBlock

import django
django.setup()
from django.core.management import call_command
from django.http import HttpResponse, HttpResponseRedirect, JsonResponse
from django.urls import include, path
from lti_consumer.plugin import compat

call_command("migrate", run_syncdb=True, verbosity=0)
block = types.SimpleNamespace(
    weight=100, display_name="First steps", lti_1p3_passport_id="", context_id="course", save=lambda: None, has_score=True, accept_grades_past_due=True,
    is_past_due=lambda: False, max_score=lambda: 100, scope_ids=types.SimpleNamespace(usage_id="block"),
    set_user_module_score=lambda user, score, maximum, comment: published.append({"user": user, "score": score, "maximum": maximum, "comment": comment}))
compat.load_enough_xblock = compat.load_block_as_user = lambda location: block
compat.save_xblock = lambda block: None
compat.user_has_studio_write_access = lambda user, course: True
compat.get_user_from_external_user_id = lambda id: id
compat.get_forum_role_model = lambda: types.SimpleNamespace(objects=types.SimpleNamespace(filter=lambda **q: types.SimpleNamespace(values_list=lambda *names: [])))
compat.get_course_members = lambda course: {id: {"id": id, "username": email, "name": name, "email": email, "roles": [role]} for id, (name, email, role) in people.items()}
compat.batch_get_or_create_externalids = lambda users: {id: types.SimpleNamespace(external_user_id=str(id)) for id in people}

from lti_consumer.data import Lti1p3LaunchData
from lti_consumer.models import Lti1p3Passport, LtiAgsLineItem, LtiAgsScore, LtiConfiguration, LtiDlContentItem

passport = Lti1p3Passport.objects.create(lti_1p3_client_id="openedx-client", lti_1p3_tool_keyset_url=tool["jwks"])
config = LtiConfiguration.objects.create(
    version=LtiConfiguration.LTI_1P3, config_store=LtiConfiguration.CONFIG_ON_DB, location=Key("block-v1:Harbour+NEG101+2026+type@lti_consumer+block@1"),
    lti_1p3_passport=passport, lti_1p3_oidc_url=tool["login"], lti_1p3_launch_url=tool["launch"], lti_1p3_redirect_uris=[tool["launch"]],
    lti_advantage_enable_nrps=True, lti_advantage_deep_linking_enabled=True, lti_advantage_deep_linking_launch_url=tool["deep_link"],
    lti_advantage_ags_mode=LtiConfiguration.LTI_ADVANTAGE_AGS_PROGRAMMATIC)
LtiAgsLineItem.objects.create(lti_configuration=config, resource_link_id=config.location, label="First steps", score_maximum=100)


def author(answer):
    """Signs everybody in as the course's author."""
    from django.contrib.auth.models import User

    def signed_in(request):
        request.user = User(username="author")
        return answer(request)
    return signed_in


def start(request):
    """What an edX page does to open the tool, for a person and a message."""
    user, message = int(request.GET["user"]), request.GET.get("message", "LtiResourceLinkRequest")
    name, email, _ = people[user]
    custom = {"workflow": request.GET["workflow"]} if "workflow" in request.GET else {}
    data = Lti1p3LaunchData(
        user_id=user, external_user_id=str(user), user_role=request.GET["role"], config_id=config.config_id, resource_link_id=str(config.location),
        name=name, email=email, message_type=message, context_id=str(config.location.course_key), context_type=["course_offering"],
        context_title="Negotiation skills", context_label="NEG101", launch_presentation_document_target="iframe", custom_parameters=custom)
    return HttpResponseRedirect(config.get_lti_consumer().prepare_preflight_url(data))


def saw(request):
    return JsonResponse({
        "items": [{"type": i.content_type, "attributes": i.attributes} for i in LtiDlContentItem.objects.all()], "published": published,
        "scores": list(LtiAgsScore.objects.values("user_id", "score_given", "score_maximum", "activity_progress", "grading_progress", "comment")),
        "line_items": list(LtiAgsLineItem.objects.values("label", "tag", "resource_id", "score_maximum"))})


urlpatterns = [path("start", start), path("saw", saw), path("api/", include(("lti_consumer.plugin.urls", "lti_consumer")))]

from django.core.wsgi import get_wsgi_application
from wsgiref.simple_server import make_server
server = make_server("127.0.0.1", port, get_wsgi_application())
print(json.dumps({"issuer": base, "client_id": config.lti_1p3_client_id, "deployment": "1", "auth": f"{base}/api/lti_consumer/v1/launch/",
                  "token": f"{base}/api/lti_consumer/v1/token/{passport.passport_id}",
                  "jwks": f"{base}/api/lti_consumer/v1/public_keysets/{passport.passport_id}"}), flush=True)
server.serve_forever()
