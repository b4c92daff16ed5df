"""Pages for customers: the survey behind a letter's link, and the answers everybody may read."""

from __future__ import annotations

from starlette.routing import Route

from contactd.agent_ui import faq_page, survey_page
from contactd.clock import Clock
from contactd.crm_store.store import Store
from contactd.desk.survey_letters import SurveyLetters


def routes(letters: SurveyLetters, store: Store, clock: Clock) -> list[Route]:
    """Return their routes."""
    surveys = survey_page.routes(letters.surveying, letters.links.invite, clock)
    return [*surveys, *faq_page.routes(store, clock)]
