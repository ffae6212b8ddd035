"""Sends queries to Prometheus: directly for administrators, through prom-label-proxy for everyone else."""

from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from exporter.catalogue import Scope
from exporter.gateway import filters
from exporter.gateway.access import Rights
from exporter.gateway.constants import with_constants
from exporter.gateway.exempt import admitted
from exporter.gateway.offering import offer
from exporter.gateway.parameters import (
    ALERTS,
    LABEL_VALUES,
    QUERY,
    RULES,
    SERIES,
    Endpoint,
    Pairs,
    first,
)
from exporter.gateway.upstream import Answer, Upstream

REMEMBERED_SECONDS = 15.0
REMEMBERED = 500
# Beside a form's selectors prom-label-proxy (0.12) asks for all that is his, unless the address has one, too.
NOTHING_MORE = "?match%5B%5D=pop3_no_such_series"

Names = tuple[str, ...]


class Asking:
    """Queries with the rights of a user; `seconds`: timeout of Prometheus; `clock`: monotonic seconds."""

    def __init__(self, upstream: Upstream, seconds: float, clock: Callable[[], float]) -> None:
        self._upstream = upstream
        self._timeout = ("timeout", f"{max(1, int(seconds))}s")
        self._clock = clock
        self._known: dict[Names, tuple[float, Names]] = {}

    async def api(self, rights: Rights, endpoint: Endpoint, parameters: Pairs, label: str = "") -> Answer:
        """The response of an endpoint to these parameters, for these rights."""
        if endpoint is QUERY and (offered := offer(parameters)) is not None:
            return Answer(200, offered)
        path = endpoint.path.format(name=label)
        if endpoint.is_query:
            return await self._query(rights, path, parameters)
        if rights.administrator:
            return await self._upstream.straight(path, parameters, post=endpoint.posts)
        if endpoint.posts and any(name in endpoint.repeated for name, _ in parameters):
            path += NOTHING_MORE
        answer = await self._upstream.filtered(rights, path, parameters, post=endpoint.posts)
        change = {SERIES: filters.series, ALERTS: filters.alerts, RULES: filters.rules}.get(endpoint)
        if endpoint is LABEL_VALUES and label == "domain":
            change = filters.domain_names
        return filters.changed(answer, change, rights.domains) if change else answer

    async def rows(self, rights: Rights, query: str, at: str) -> list[dict[str, Any]]:
        """The rows of an instant query (label sets under `metric`, a pair under `value`)."""
        answer = await self._query(rights, QUERY.path, [("query", query), ("time", at)])
        return list(answer.data["result"])

    async def own_rows(self, query: str, at: str) -> list[dict[str, Any]]:
        """The same for a query of the gateway itself, whose rows are not shown to users."""
        answer = await self._upstream.straight(QUERY.path, [("query", query), ("time", at), self._timeout], post=True)
        return list(answer.data["result"])

    async def _query(self, rights: Rights, path: str, parameters: Pairs) -> Answer:
        query = first(parameters, "query") or ""
        others = [pair for pair in parameters if pair[0] != "query"] + [self._timeout]
        if rights.administrator:
            return await self._upstream.straight(path, [("query", query), *others], post=True)
        if admitted(query) is not None:
            exempt = admitted(query, await self._own_servers(rights)) or ""
            return await self._upstream.straight(path, [("query", exempt), *others], post=True)

        async def servers(expression: str, at: str) -> Iterable[str]:
            found, own = await self._servers_in(expression, at), await self._own_servers(rights)
            return set(found) & set(own)

        query = await with_constants(query, servers)
        return await self._upstream.filtered(rights, path, [("query", query), *others], post=True)

    async def _own_servers(self, rights: Rights) -> Names:
        """The servers that have, or ever had, one of the domains; names of others must not be shown."""

        async def ask() -> Iterable[str]:
            path = LABEL_VALUES.path.format(name="server")
            # Since ever: some answer for the last day only unless they are told.
            ever = [("match[]", Scope.DOMAIN.first_seen), ("start", "0")]
            answer = await self._upstream.filtered(rights, path, ever)
            return list(answer.data)

        return await self._remembered(rights.domains, ask)

    async def _servers_in(self, expression: str, at: str) -> Names:
        """The servers in the rows of an admitted expression."""

        async def ask() -> Iterable[str]:
            return {row["metric"].get("server", "") for row in await self.own_rows(expression, at)}

        return await self._remembered((expression, at), ask)

    async def _remembered(self, key: Names, ask: Callable[[], Awaitable[Iterable[str]]]) -> Names:
        """Cache results that a dashboard queries many times at once."""
        now = self._clock()
        if key in self._known and now - self._known[key][0] < REMEMBERED_SECONDS:
            return self._known[key][1]
        names = tuple(sorted(await ask()))
        if len(self._known) >= REMEMBERED:
            self._known.clear()
        self._known[key] = now, names
        return names
