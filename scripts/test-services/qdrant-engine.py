"""
Qdrant's REST API over the engine of a Qdrant server, which the package qdrant-edge-py has: a reference to hold the client and the local store against.

    python scripts/test-services/qdrant-engine.py <port>

Requests are read by the models of qdrant-client, which are generated from Qdrant's OpenAPI schema: what does not fit them is refused. What a whole server
does outside its engine is here as Qdrant documents it: collections, ids in queries, and filters around a prefetch. Segments, scores, filters, indexes and
fusions are Qdrant's own.
"""

import json
import shutil
import sys
import tempfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit
from uuid import UUID

import numpy
import pydantic
import qdrant_edge as edge
from qdrant_client.http import models


class Problem(Exception):
    def __init__(self, status, text):
        super().__init__(text)
        self.status = status


class Collection:
    def __init__(self, folder, params):
        self.folder, self.params, self.indexes = folder, params, {}
        vectors = params.vectors if params.vectors is not None else {}
        named = isinstance(vectors, dict)
        self.dense = {name: at.distance for name, at in (vectors if named else {"": vectors}).items()}
        self.sparse = params.sparse_vectors or {}
        dense = {name: dense_params(at) for name, at in vectors.items()} if named else dense_params(vectors)
        config = {"sparse_vectors": {name: sparse_params(at) for name, at in self.sparse.items()}} if self.sparse else {}
        self.shard = edge.EdgeShard.create(folder, edge.EdgeConfig(vectors=dense or None, wal_enabled=False, **config))

    def describe(self):
        params = self.params.model_dump(mode="json", exclude_none=True)
        config = {"params": {key: params[key] for key in ("vectors", "sparse_vectors") if key in params}}
        return {"status": "green", "config": config, "payload_schema": self.indexes}

    def close(self):
        self.shard.close()
        shutil.rmtree(self.folder)


def dense_params(at):
    return edge.EdgeVectorParams(size=at.size, distance=getattr(edge.Distance, at.distance.value))


def sparse_params(at):
    return edge.EdgeSparseVectorParams(modifier=edge.Modifier.Idf if at.modifier == models.Modifier.IDF else None)


def create_index(collection, body):
    body = models.CreateFieldIndex(**body)
    kind = body.field_schema.value
    schema = getattr(edge.PayloadSchemaType, kind.capitalize())
    collection.shard.update(edge.UpdateOperation.create_field_index(body.field_name, schema))
    collection.indexes[body.field_name] = {"data_type": kind, "points": 0}
    return {"status": "completed"}


def upsert(collection, body):
    points = models.PointsList(**body).points
    if not points:
        raise Problem(400, "Wrong input: empty list of points")
    of = [edge.Point(point_id(point.id), vectors_of(point.vector), point.payload) for point in points]
    collection.shard.update(edge.UpdateOperation.upsert_points(of))
    return {"status": "completed"}


def vectors_of(given):
    return {name: vector_of(at) for name, at in given.items()} if isinstance(given, dict) else given


def vector_of(given):
    if not isinstance(given, models.SparseVector):
        return given
    if len(set(given.indices)) != len(given.indices) or len(given.indices) != len(given.values):
        raise Problem(422, "Validation error in JSON body: indices must be unique, and as many as values")
    return edge.SparseVector(given.indices, given.values)


def retrieve(collection, body):
    body = models.PointRequest(**body)
    wanted = list(dict.fromkeys(point_id(at) for at in body.ids))
    found = {str(record.id): record for record in collection.shard.retrieve(wanted, payload_of(body, True), body.with_vector or False)}
    return [plain(found[str(at)]) for at in wanted if str(at) in found]


def count(collection, body):
    body = models.CountRequest(**body)
    return {"count": collection.shard.count(edge.CountRequest(exact=True, filter=filter_of(body.filter)))}


def scroll(collection, body):
    body = models.ScrollRequest(**body)
    offset = None if body.offset is None else point_id(body.offset)
    limit = 10 if body.limit is None else at_least_one(body.limit)
    request = edge.ScrollRequest(offset, limit, filter_of(body.filter), payload_of(body, True), body.with_vector or False)
    points, following = collection.shard.scroll(request)
    return {"points": [plain(point) for point in points], "next_page_offset": None if following is None else id_text(following)}


def delete(collection, body):
    if "points" in body:
        operation = edge.UpdateOperation.delete_points([point_id(at) for at in models.PointIdsList(**body).points])
    else:
        operation = edge.UpdateOperation.delete_points_by_filter(filter_of(models.FilterSelector(**body).filter))
    collection.shard.update(operation)
    return {"status": "completed"}


def query(collection, body):
    body = models.QueryRequest(**body)
    inner, own = search_of(collection, body, [])
    request = edge.QueryRequest(
        limit=own["limit"],
        offset=body.offset,
        query=own["query"],
        prefetches=inner,
        with_vector=body.with_vector or False,
        with_payload=payload_of(body, False),
        filter=own["filter"],
        score_threshold=body.score_threshold,
    )
    return {"points": [{**plain(point), "score": point.score, "version": 0} for point in collection.shard.query(request)]}


def search_of(collection, body, around):
    """The prefetches of a query, and its own part. A stored point that is asked by is found neither by the query nor by what is in it."""
    at, using = body.query, body.using or ""
    if isinstance(at, models.NearestQuery):
        at = at.nearest
    tests = [*around, *([filter_of(body.filter)] if body.filter else [])]
    if isinstance(at, (int, str)):
        point = point_id(at)
        tests.append(edge.Filter(must_not=[edge.HasIdCondition({point})]))
        at = stored_vector(collection, point, using)
    given = [] if body.prefetch is None else body.prefetch if isinstance(body.prefetch, list) else [body.prefetch]
    inner = []
    for prefetch in given:
        deeper, own = search_of(collection, prefetch, tests)
        inner.append(edge.Prefetch(own["limit"], own["query"], deeper, None, own["filter"], prefetch.score_threshold))
    if isinstance(at, models.FusionQuery):
        scoring = edge.Fusion.Dbsf() if at.fusion == models.Fusion.DBSF else edge.Fusion.Rrf(2)
    elif isinstance(at, models.RrfQuery):
        scoring = edge.Fusion.Rrf(at.rrf.k or 2, at.rrf.weights)
    elif at is None:
        scoring = None
    else:
        if using not in collection.dense and using not in collection.sparse:
            raise Problem(400, f"Wrong input: Not existing vector name error: {using}")
        scoring = edge.Query.Nearest(vector_of(at), using)
    limit = 10 if body.limit is None else at_least_one(body.limit)
    return inner or None, {"query": scoring, "filter": edge.Filter(must=tests) if tests else None, "limit": limit}


def stored_vector(collection, point, using):
    found = collection.shard.retrieve([point], False, [using] if using else True)
    if not found:
        raise Problem(404, f"Not found: No point with id {point} found")
    vector = found[0].vector
    vector = vector.get(using) if isinstance(vector, dict) else vector
    if vector is None:
        raise Problem(404, f"Not found: No vector {using} of point {point}")
    return vector


def filter_of(given):
    if given is None:
        return None
    if given.min_should is not None:
        raise Problem(501, "min_should is not in the reference")
    clauses = [getattr(given, clause) for clause in ("must", "should", "must_not")]
    listed = [clause if clause is None or isinstance(clause, list) else [clause] for clause in clauses]
    return edge.Filter(*[clause and [condition_of(at) for at in clause] for clause in listed])


def condition_of(given):
    if isinstance(given, models.Filter):
        return filter_of(given)
    if isinstance(given, models.HasIdCondition):
        return edge.HasIdCondition({point_id(at) for at in given.has_id})
    if isinstance(given, models.IsEmptyCondition):
        return edge.IsEmptyCondition(given.is_empty.key)
    if isinstance(given, models.IsNullCondition):
        return edge.IsNullCondition(given.is_null.key)
    if isinstance(given, models.FieldCondition) and given.match is not None:
        match = given.match
        if isinstance(match, models.MatchValue):
            # The binding takes Python's bool for an integer, and numpy's for what it is.
            value = numpy.bool_(match.value) if isinstance(match.value, bool) else match.value
            return edge.FieldCondition(given.key, match=edge.MatchValue(value))
        if isinstance(match, models.MatchAny):
            return edge.FieldCondition(given.key, match=edge.MatchAny(match.any))
        if isinstance(match, models.MatchExcept):
            return edge.FieldCondition(given.key, match=edge.MatchExcept(match.except_))
    if isinstance(given, models.FieldCondition) and isinstance(given.range, models.Range):
        bounds = given.range
        return edge.FieldCondition(given.key, range=edge.RangeFloat(bounds.gte, bounds.gt, bounds.lte, bounds.lt))
    raise Problem(501, "this condition is not in the reference")


def payload_of(body, default):
    wanted = default if body.with_payload is None else body.with_payload
    return edge.PayloadSelector.Include(wanted) if isinstance(wanted, list) else wanted


def plain(point):
    answer = {"id": id_text(point.id)}
    if point.payload is not None:
        answer["payload"] = point.payload
    if point.vector is not None:
        answer["vector"] = plain_vectors(point.vector)
    return answer


def plain_vectors(vector):
    if isinstance(vector, dict):
        return {name: plain_vectors(at) for name, at in vector.items()}
    return {"indices": vector.indices, "values": vector.values} if isinstance(vector, edge.SparseVector) else vector


def point_id(given):
    if isinstance(given, str):
        return UUID(given)
    if isinstance(given, bool) or not isinstance(given, int) or given < 0:
        raise Problem(400, "Format error in JSON body: value is not a valid point ID")
    return given


def id_text(point):
    return point if isinstance(point, int) else str(point)


def at_least_one(limit):
    if limit < 1:
        raise Problem(422, "Validation error in JSON body: limit: value 0 invalid, must be 1 or larger")
    return limit


on_points = {
    ("PUT", "index"): create_index,
    ("PUT", "points"): upsert,
    ("POST", "points"): retrieve,
    ("POST", "points/query"): query,
    ("POST", "points/count"): count,
    ("POST", "points/scroll"): scroll,
    ("POST", "points/delete"): delete,
}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def answer(self):
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        try:
            with self.server.lock:
                status, answer = 200, {"result": self.result(json.loads(body) if body else {}), "status": "ok"}
        except Problem as problem:
            status, answer = problem.status, {"status": {"error": str(problem)}}
        except pydantic.ValidationError as error:
            status, answer = 400, {"status": {"error": f"Format error in JSON body: {error}"}}
        except Exception as error:
            status, answer = 400, {"status": {"error": f"Wrong input: {error}"}}
        text = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    do_GET = do_PUT = do_POST = do_DELETE = answer

    def result(self, body):
        parts = urlsplit(self.path).path.strip("/").split("/", 2)
        if parts == [""]:
            return {"title": "the engine of Qdrant"}
        if parts[0] != "collections" or len(parts) < 2:
            raise Problem(404, "Not found")
        name, below = unquote(parts[1]), parts[2] if len(parts) > 2 else ""
        collections, method = self.server.collections, self.command
        if (method, below) == ("DELETE", ""):
            collection = collections.pop(name, None)
            if collection is not None:
                collection.close()
            return collection is not None
        if (method, below) == ("PUT", ""):
            if name in collections:
                raise Problem(409, f"Wrong input: Collection `{name}` already exists!")
            params = models.CreateCollection(**body)
            for at in (params.vectors or {}).values() if isinstance(params.vectors, dict) else [params.vectors]:
                if at.size < 1 or at.size > 65536:
                    raise Problem(400, "Wrong input: size must be from 1 to 65536")
            collections[name] = Collection(tempfile.mkdtemp(dir=self.server.folder), params)
            return True
        if name not in collections:
            raise Problem(404, f"Not found: Collection `{name}` doesn't exist!")
        if (method, below) == ("GET", ""):
            return collections[name].describe()
        if (method, below) not in on_points:
            raise Problem(404, "Not found")
        return on_points[method, below](collections[name], body)

    def log_message(self, *_):
        pass


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        server = ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler)
        server.lock, server.collections, server.folder = threading.Lock(), {}, folder
        server.daemon_threads = True
        server.serve_forever()
