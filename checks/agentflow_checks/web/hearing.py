"""What a tab tells by itself: its page's log, what did not load, where it would go."""

from __future__ import annotations

from agentflow_checks.web.cdp import Json
from agentflow_checks.web.page import LogEntry, MissingAsset
from agentflow_checks.web.server import DOMAIN
from agentflow_checks.web.tab import LOG_LIMIT, WORLD, Tab, forget, post

GUARD_WORD = "agentflow:guard"


def hear(tab: Tab, method: str, params: Json) -> None:
    """Take one event of a tab."""
    handler = _HANDLERS.get(method)
    if handler is not None:
        handler(tab, params)


def _on_lifecycle(tab: Tab, event: Json) -> None:
    if event["frameId"] == tab.target and event["loaderId"] == tab.loader:
        tab.loaded = tab.loaded or event["name"] == "load"


def _on_stopped(tab: Tab, event: Json) -> None:
    """Take a document whose loading was broken off, by its own leaving, as it is."""
    if event["frameId"] == tab.target and tab.loader:
        tab.loaded = True


def _on_navigated(tab: Tab, event: Json) -> None:
    frame = event["frame"]
    if frame["id"] != tab.target:
        return
    if not tab.loader:
        # Until here the page before was still there, and may have had its say.
        forget(tab)
    elif frame["loaderId"] != tab.loader:
        tab.moved = True
    tab.loader = frame["loaderId"]


def _on_context(tab: Tab, event: Json) -> None:
    context = event["context"]
    if context["name"] != WORLD:
        return
    tab.worlds.add(context["id"])
    if context.get("auxData", {}).get("frameId") == tab.target:
        tab.context = context["uniqueId"]


def _on_contexts_cleared(tab: Tab, event: Json) -> None:
    del event
    tab.context = None
    tab.worlds.clear()


def _on_request_paused(tab: Tab, event: Json) -> None:
    """Let the wanted document and frames through; keep the page from leaving."""
    url, request = event["request"]["url"], {"requestId": event["requestId"]}
    main = event["frameId"] == tab.target
    if not main or (url == tab.wanted and not tab.admitted):
        tab.admitted = tab.admitted or main
        post(tab, "Fetch.continueRequest", request)
        return
    if len(tab.navigated_to) < LOG_LIMIT:
        tab.navigated_to.append(url)
    post(tab, "Fetch.failRequest", {**request, "errorReason": "Aborted"})


def _on_dialog(tab: Tab, event: Json) -> None:
    """Close a dialog that got past the guard."""
    _note_dialog(tab, f"{event['type']}: {event['message'][:200]}")
    post(tab, "Page.handleJavaScriptDialog", {"accept": False})


def _note_dialog(tab: Tab, text: str) -> None:
    if len(tab.dialogs) < LOG_LIMIT:
        tab.dialogs.append(text)


def _on_console(tab: Tab, event: Json) -> None:
    if event.get("executionContextId") in tab.worlds:
        return
    said = [_shown(argument) for argument in event["args"]]
    where = _caller(event.get("stackTrace", {}))
    if said[:1] == [GUARD_WORD]:
        _note_dialog(tab, ": ".join(said[1:3]))
        _note(tab, "dialog", ": ".join(said[1:3]), where)
        return
    kind = {"warning": "warn"}.get(event["type"], event["type"])
    _note(tab, f"console.{kind}", " ".join(said), where)


def _caller(stack: Json) -> Json:
    """Give the innermost call that stands in a file; the guard stands in none."""
    frames: list[Json] = stack.get("callFrames") or [{}]
    return next((frame for frame in frames if frame.get("url")), frames[0])


def _shown(argument: Json) -> str:
    value = argument.get("value", argument.get("description", argument["type"]))
    return str(value)[:500]


def _on_exception(tab: Tab, event: Json) -> None:
    details = event["exceptionDetails"]
    if details.get("executionContextId") in tab.worlds:
        return
    thrown = details.get("exception", {})
    text = thrown.get("description") or thrown.get("value") or details["text"]
    # What the browser's own code threw has no place but that of its caller.
    begin = not details.get("lineNumber") and not details.get("columnNumber")
    where = _caller(details.get("stackTrace", {})) if begin else details
    rejected = details["text"].startswith("Uncaught (in promise)")
    said = str(text).partition("\n")[0]
    entry = _note(tab, "exception", said, where or details, rejected=rejected)
    if entry is not None:
        tab.thrown[details["exceptionId"]] = entry


def _on_exception_revoked(tab: Tab, event: Json) -> None:
    """Take back a rejected promise that was handled after all."""
    entry = tab.thrown.pop(event["exceptionId"], None)
    tab.log = [kept for kept in tab.log if kept is not entry]


def _on_log(tab: Tab, event: Json) -> None:
    entry = event["entry"]
    # What did not load is in the list of assets, with more to say.
    if entry["source"] != "network" and entry["level"] in ("warning", "error"):
        where = {"url": entry.get("url", "")}
        if "lineNumber" in entry:
            where["lineNumber"] = entry["lineNumber"]
        _note(tab, entry["source"], entry["text"], where, level=entry["level"])


def _note(
    tab: Tab,
    kind: str,
    text: str,
    where: Json,
    *,
    level: str = "error",
    rejected: bool = False,
) -> LogEntry | None:
    if len(tab.log) >= LOG_LIMIT:
        return None
    line, column = where.get("lineNumber"), where.get("columnNumber")
    entry = LogEntry(
        kind=kind,
        text=text[:1000],
        url=where.get("url", ""),
        # The protocol counts from 0, editors from 1.
        line=None if line is None else line + 1,
        column=None if column is None else column + 1,
        level=level,
        rejected=rejected,
    )
    tab.log.append(entry)
    return entry


def _on_request(tab: Tab, event: Json) -> None:
    if len(tab.requests) < 10 * LOG_LIMIT:
        kind = event.get("type", "Other").lower()
        tab.requests[event["requestId"]] = (event["request"]["url"], kind)


def _on_response(tab: Tab, event: Json) -> None:
    response = event["response"]
    kind = event["type"].lower()
    if response["status"] >= 400 and kind != "document":
        _miss(tab, response["url"], kind, str(response["status"]))


def _on_loading_failed(tab: Tab, event: Json) -> None:
    url, kind = tab.requests.get(event["requestId"], ("", event["type"].lower()))
    if url and not event.get("canceled") and url not in tab.assets:
        _miss(tab, url, kind, event.get("blockedReason") or event["errorText"])


def _on_socket(tab: Tab, event: Json) -> None:
    if len(tab.requests) < 10 * LOG_LIMIT:
        tab.requests[event["requestId"]] = (event["url"], "websocket")


def _on_socket_error(tab: Tab, event: Json) -> None:
    url, kind = tab.requests.get(event["requestId"], ("", ""))
    if url and url not in tab.assets:
        _miss(tab, url, kind, event["errorMessage"])


def _miss(tab: Tab, url: str, kind: str, reason: str) -> None:
    if len(tab.assets) < LOG_LIMIT:
        inside = url.startswith(tab.wanted.partition(DOMAIN)[0] + DOMAIN)
        tab.assets[url] = MissingAsset(
            url=url, kind=kind, reason=reason, blocked=not inside
        )


def _on_crash(tab: Tab, event: Json) -> None:
    if event.get("targetId", tab.target) == tab.target:
        tab.crashed = True


_HANDLERS = {
    "Fetch.requestPaused": _on_request_paused,
    "Inspector.targetCrashed": _on_crash,
    "Log.entryAdded": _on_log,
    "Network.loadingFailed": _on_loading_failed,
    "Network.requestWillBeSent": _on_request,
    "Network.responseReceived": _on_response,
    "Network.webSocketCreated": _on_socket,
    "Network.webSocketFrameError": _on_socket_error,
    "Page.frameNavigated": _on_navigated,
    "Page.frameStoppedLoading": _on_stopped,
    "Page.javascriptDialogOpening": _on_dialog,
    "Page.lifecycleEvent": _on_lifecycle,
    "Runtime.consoleAPICalled": _on_console,
    "Runtime.exceptionRevoked": _on_exception_revoked,
    "Runtime.exceptionThrown": _on_exception,
    "Runtime.executionContextCreated": _on_context,
    "Runtime.executionContextsCleared": _on_contexts_cleared,
    "Target.detachedFromTarget": _on_crash,
    "Target.targetCrashed": _on_crash,
}
