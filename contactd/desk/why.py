"""`contactd explain`: how a contact went and why, why it still waits, and why an agent has nothing to do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from contactd.clock import Clock
from contactd.core.errors import NotFoundError
from contactd.core.interaction import State
from contactd.crm_store import agents, interactions, policies
from contactd.crm_store.store import Store
from contactd.desk import journal
from contactd.desk.account import lines
from contactd.desk.admin import Errand, at_work
from contactd.desk.book import Book
from contactd.desk.recovery import Recovery
from contactd.desk.roster import Roster
from contactd.desk.rules import Rules
from contactd.desk.views import Views
from contactd.routing.explain_texts import kept, sentence
from contactd.routing.policy import Policy
from contactd.routing.router import Router
from contactd.settings import Settings


def explain(settings: Settings, ident: str, language: str = "en", *, candidates: bool = False) -> str:
    """Say how an interaction went and why it waits, or why an agent has nothing to do.

    Args:
        settings: the installation.
        ident: an interaction's id, or an agent's id or log-in name.
        language: of the reasons, `zh` or `en`.
        candidates: also every agent at each decision, worked out from the journal.

    Raises:
        NotFoundError: there is neither such an interaction nor such an agent.
    """

    async def job(errand: Errand) -> str:
        try:
            found = await errand.store.read(partial(interactions.get, ident=ident))
        except NotFoundError:
            return "\n".join(await _agent(errand, ident, language))
        return "\n".join(await _interaction(errand, found, language, candidates=candidates))

    return at_work(settings, job)


async def _interaction(errand: Errand, found: Mapping[str, Any], language: str, *, candidates: bool) -> list[str]:
    events = await errand.store.read(partial(interactions.events, ident=found["id"]))
    told = lines(found, events)
    if candidates:
        for offer in found["offers"]:
            told += _candidates(await journal.candidates(errand.store, offer["id"]), language)
    if found["state"] == State.QUEUED:
        router = await present(errand.store, errand.clock)
        told += _waiting(router.explain(found["id"], errand.clock.now()), language)
    return told


def _candidates(seen: Mapping[str, Any], language: str) -> Iterator[str]:
    yield f"decision {seen['offer']}, {seen['strategy']}: {seen['agent']}"
    for one in seen["candidates"]:
        compares = "" if one["compares"] is None else " " + ", ".join(f"{value:g}" for value in one["compares"])
        yield f"      {one['agent']}: {kept(one['why'], language)}{compares}"


def _waiting(answer: Mapping[str, Any], language: str) -> Iterator[str]:
    if "position" not in answer:
        return
    yield (
        f"now: {answer['position']} of {answer['waiting']} in {answer['line']}, "
        f"step {answer['step'] + 1} of {answer['steps']}, waited {answer['waited_s']:g} s"
    )
    if answer["terms"]:
        yield "      " + " + ".join(f"{name} {value:g}" for name, value in answer["terms"].items())
    for word, count in answer["filters"].items():
        yield f"      {count} {kept(word, language)}"
    for reason in answer["reasons"]:
        yield f"      {sentence(reason, language)}"


async def _agent(errand: Errand, ident: str, language: str) -> list[str]:
    def read(conn: Any) -> dict[str, Any]:
        try:
            return agents.get(conn, ident)
        except NotFoundError:
            return agents.named(conn, ident)

    try:
        found = await errand.store.read(read)
    except NotFoundError:
        message = f"there is no such interaction, and no such agent: {ident}"
        raise NotFoundError(message) from None
    router = await present(errand.store, errand.clock)
    answer = router.explain_agent(found["id"], errand.clock.now())
    if answer.get("state") == "unknown":
        return [f"{found['name']}: does not work here any more"]
    told = [f"{found['name']}: {answer['intent']}, {answer['used']} of 100 units in use"]
    told += [f"      {sentence(reason, language)}" for reason in answer["reasons"]]
    for kind in answer["waiting"]:
        needs = ", ".join(f"{need['skill']} {need['level']}" for need in kind["needs"])
        told.append(
            f"      {kind['line']} {kind['channel']}{f' ({needs})' if needs else ''}: "
            f"{kind['count']}, {kept(kind['why'], language)}"
        )
    return told


async def present(store: Store, clock: Clock) -> Router:
    """Return a router that stands as the store says the running one does.

    Raises:
        NotFoundError: nothing is published yet: no server has run.
    """
    version = await store.read(policies.current)
    if version is None:
        message = "no server has run here yet"
        raise NotFoundError(message)
    rules = Rules(Policy.from_mapping(version.document), version.version)
    recovery = Recovery(
        store=store, clock=clock, book=Book(), roster=Roster(), rules=rules, views=Views(), epoch=lambda: 0
    )
    found = await recovery.rebuild()
    now = clock.now()
    for fact in found.facts:
        found.router.handle(fact, now)
    found.router.tick(now)
    return found.router
