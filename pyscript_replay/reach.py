"""Whether this visitor's events may reach Amplitude at all, and if not, why. Asked again for every event.

Pure. While they may not, nothing is recorded, uploaded, stored or marked, and Amplitude is not contacted. That is a
state with a reason (``OFF`` in ``lifecycle.py``), not an error.

Segment's consent wrapper (``@segment/analytics-consent-tools``) shows what the visitor has chosen in three ways, and
in no other:

- In the opt-in model it takes the destinations that were refused out of the settings, before Segment sees them.
- In both models it stamps each event with ``context.consent.categoryPreferences``. A destination may have an event when
  all of its categories (``consentSettings.categories`` in the settings) are granted there.
- Where every category is refused, it disables Segment (opt-in), or drops each event once it is stamped (opt-out).

So where a destination has categories, nothing is known before the first event, and nothing begins before it. An event
without a stamp says that there is no wrapper on this page.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .modes.base import Mode

SEGMENT_DEFERRED = "segment-deferred"  # the page has not loaded Segment yet: it may be waiting for a consent
SEGMENT_DISABLED = "segment-disabled"  # it was loaded with `disable`
INTEGRATIONS = "integrations"  # it was loaded with `integrations` that switch the destination off
OPTED_OUT = "opted-out"  # one of Amplitude's SDKs was told so
CONSENT_UNKNOWN = "consent-unknown"  # the destination depends on a consent, and no event has said yet what that is
CONSENT_REFUSED = "consent-refused"
NOT_LOADED = "not-loaded"  # amplitude-js is not in the page, and nothing is on its way to bring it


class Reach:
    """What is known of it.

    Attributes:
        reason (str | None): why not, a name above; ``None`` when they may.
        removed (bool): the source's destinations depend on a consent, and Segment has not got this one.
    """

    def __init__(self, mode: "type[Mode]", settings: dict, options: dict):
        """``settings`` are the source's, as Segment has them; ``options`` those of ``options.py``."""
        self.reason = None
        self._needs_amplitude_js = mode.amplitude_js
        self._told = any(options[each].get("optOut") for each in ("options", "amplitude_options"))
        self._consent = settings.get("consentSettings") or {}
        self._all = self._consent.get("allCategories") or []
        self.removed = managed(settings) and not _has(settings, mode.destinations)
        # which were the own ones of a destination that was removed is not known any more
        self._categories = self._all if self.removed else _categories(settings, mode.destinations)
        self._heard = False  # an event has passed
        self._preferences: "Any" = None  # those of the last event that had any

    @property
    def hopeless(self) -> bool:
        """Whether there is no use in waiting for what Segment would bring."""
        return self.removed or self.reason in (SEGMENT_DISABLED, INTEGRATIONS)

    def look(self, facts: dict) -> "str | None":
        """The reason of now. ``facts`` are those of ``modes/base.py``; ``reach`` is what counts here."""
        seen = facts.get("reach") or {}
        if seen.get("passing"):
            self._heard = True
        if seen.get("consent") is not None:
            self._preferences = seen["consent"]
        self.reason = self._why_not(seen, facts)
        return self.reason

    def _why_not(self, seen: dict, facts: dict) -> "str | None":
        if seen.get("disabled"):
            return SEGMENT_DISABLED
        if not seen.get("enabled", True):
            return INTEGRATIONS
        if self._told or seen.get("opted_out"):
            return OPTED_OUT
        if self._preferences is None:
            if self._categories and not self._heard:
                return CONSENT_UNKNOWN
        elif not self._granted(self._preferences):
            return CONSENT_REFUSED
        if self._needs_amplitude_js and facts.get("amplitude") is None:
            return NOT_LOADED
        return None

    def _granted(self, preferences: dict) -> bool:
        """The two rules of the consent wrapper: one for Segment as a whole, one for each destination."""
        mapped = self._all and not self._consent.get("hasUnmappedDestinations")
        if mapped and not any(preferences.get(each) for each in self._all):
            return False
        return all(preferences.get(each) for each in self._categories)


def managed(settings: dict) -> bool:
    """Whether which destinations Segment has may depend on a consent."""
    return bool((settings.get("consentSettings") or {}).get("allCategories"))


def _has(settings: dict, names: tuple) -> bool:
    integrations = settings.get("integrations") or {}
    plugins = settings.get("remotePlugins") or []
    return any(name in integrations for name in names) or any(
        plugin.get("creationName") in names or plugin.get("name") in names for plugin in plugins
    )


def _categories(settings: dict, names: tuple) -> list:
    found = []
    for name in names:
        integration = (settings.get("integrations") or {}).get(name)
        consent = integration.get("consentSettings") if isinstance(integration, dict) else None
        found.extend((consent or {}).get("categories") or [])
    return found
