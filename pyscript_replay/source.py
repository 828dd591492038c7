"""What Segment's settings, as its CDN serves them for a source, say about Amplitude, for the doctor.

Pure. Segment keeps most of a destination's settings on its servers; of these, some sources show the page nothing, and
then nothing is said.
"""

CLASSIC, ACTIONS = "Amplitude", ("Actions Amplitude", "Amplitude (Actions)")
ZONES = {"north_america": "US", "europe": "EU", "US": "US", "EU": "EU"}
TYPES = ("track", "page", "screen", "identify", "group", "alias")
SESSION_PLUGIN = "sessionId"
"""How Segment calls the part of Amplitude (Actions) that keeps the session."""


def evidence(settings: dict) -> dict:
    """The doctor's evidence that can be read from the settings: what is not there is left out."""
    found: "dict[str, object]" = {"planned": switched_off_by_plan(settings)}
    for key, value in (("settings_api_key", api_key(settings)), ("settings_zone", zone(settings))):
        if value:
            found[key] = value
    types = session_types(settings)
    if types is not None:
        found["subscriptions"] = types
    return found


def destinations(settings: dict) -> "list[dict]":
    """The settings of each destination that leads to Amplitude."""
    integrations = settings.get("integrations") or {}
    named = [integrations.get(name) for name in (CLASSIC,) + ACTIONS]
    return [each for each in named + [plugin.get("settings") for plugin in plugins(settings)] if isinstance(each, dict)]


def plugins(settings: dict) -> "list[dict]":
    """Amplitude's plugins among those that Segment loads."""
    found = []
    for plugin in settings.get("remotePlugins") or []:
        names = (plugin.get("name"), plugin.get("creationName"))
        if plugin.get("libraryName") == "amplitude-pluginsDestination" or any(name in ACTIONS for name in names):
            found.append(plugin)
    return found


def api_key(settings: dict) -> "str | None":
    """The API key that is saved in Segment, where all destinations have the same."""
    keys = {each.get("apiKey") for each in destinations(settings) if each.get("apiKey")}
    return keys.pop() if len(keys) == 1 else None


def zone(settings: dict) -> "str | None":
    """Where Segment sends Amplitude's events, ``US`` or ``EU``."""
    named = [each.get("endpoint") or each.get("serverZone") for each in destinations(settings)]
    zones = {ZONES[each] for each in named if each in ZONES}
    return zones.pop() if len(zones) == 1 else None


def session_types(settings: dict) -> "list[str] | None":
    """The types of events to which Segment's plugin gives a session; ``None`` where there is no such plugin."""
    found = plugins(settings)
    if not found:
        return None
    on = []
    for plugin in found:
        for subscription in (plugin.get("settings") or {}).get("subscriptions") or []:
            condition = subscription.get("subscribe")
            if subscription.get("partnerAction") == SESSION_PLUGIN and subscription.get("enabled") and condition:
                on.append(condition)
    return [kind for kind in TYPES if any('"{}"'.format(kind) in condition for condition in on)]


def switched_off_by_plan(settings: dict) -> "list[str]":
    """The names of events that the source's tracking plan switches off."""
    planned = ((settings.get("plan") or {}).get("track")) or {}
    return [name for name, rule in planned.items() if isinstance(rule, dict) and rule.get("enabled") is False]
