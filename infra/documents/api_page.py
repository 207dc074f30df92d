"""The API's HTML page: the OpenAPI document as one file that loads nothing else."""

import json
from html import escape
from typing import Any

Schema = dict[str, Any]

STYLE = """
:root { color-scheme: light dark; --line: #8884; --soft: #8881; }
body { font: 16px/1.5 system-ui, sans-serif; margin: 0; display: grid; grid-template-columns: 16rem minmax(0, 60rem); }
nav { position: sticky; top: 0; height: 100vh; overflow: auto; padding: 1rem; border-right: 1px solid var(--line); }
nav a { display: block; text-decoration: none; color: inherit; padding: .1rem 0; font-size: .85rem; }
nav h2 { font-size: .9rem; margin: 1rem 0 .2rem; }
main { padding: 1rem 2rem 4rem; }
section { border-top: 1px solid var(--line); padding: 1rem 0; }
h3 { font: 600 1rem ui-monospace, monospace; margin: 0; overflow-wrap: anywhere; }
.method { display: inline-block; min-width: 4.2rem; }
.get { color: #1a7f37; } .post { color: #0969da; } .put { color: #9a6700; } .delete { color: #cf222e; }
table { border-collapse: collapse; margin: .5rem 0; width: 100%; font-size: .9rem; }
th, td { text-align: left; vertical-align: top; padding: .25rem .5rem; border-bottom: 1px solid var(--line); }
pre { background: var(--soft); padding: .75rem; overflow: auto; font-size: .85rem; border-radius: .4rem; }
.may { font-size: .85rem; opacity: .75; }
@media (max-width: 50rem) { body { display: block; } nav { position: static; height: auto; } }
"""


def page(document: Schema) -> str:
    """The HTML page of an OpenAPI document."""
    operations = [
        (method, path, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]
    tags = [tag["name"] for tag in document["tags"]]
    by_tag = {tag: [o for o in operations if tag in o[2]["tags"]] for tag in tags}
    links = "".join(
        f"<h2>{tag}</h2>" + "".join(f'<a href="#{o["operationId"]}">{escape(o["summary"])}</a>' for _, _, o in of_tag)
        for tag, of_tag in by_tag.items()
    )
    body = "".join(
        f"<h2>{tag}</h2>" + "".join(_operation(document, *operation) for operation in of_tag)
        for tag, of_tag in by_tag.items()
    )
    info = document["info"]
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{info["title"]} API</title>'
        f'<meta name="viewport" content="width=device-width"><style>{STYLE}</style></head><body>'
        f"<nav>{links}</nav><main>"
        f"<h1>{info['title']} API <small>{info['version']}</small></h1><p>{escape(info['description'])}</p>"
        f'<p>Machine-readable: <a href="openapi.json">openapi.json</a> (OpenAPI {document["openapi"]}). '
        "Amounts are numbers with at most two decimals, times RFC 3339. Errors are problem details (RFC 9457).</p>"
        "<p>Send a token with each request, but for those that are for everyone: "
        "<code>Authorization: Bearer …</code>. "
        f"{escape(document['components']['securitySchemes']['token']['description'])}</p>"
        f"{body}</main></body></html>\n"
    )


def _operation(document: Schema, method: str, path: str, operation: Schema) -> str:
    roles = ", ".join(role for entry in operation["security"] for role in entry["token"])
    parameters = [_resolved(document, parameter) for parameter in operation["parameters"]]
    rows = "".join(
        f"<tr><td><code>{escape(p['name'])}</code></td><td>{p['in']}</td><td>{escape(_kind(p['schema']))}</td>"
        f"<td>{escape(p.get('description', ''))}</td></tr>"
        for p in parameters
    )
    body = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")
    [answer] = (part["schema"] for part in operation["responses"]["200"]["content"].values())
    errors = "".join(
        f"<tr><td>{status}</td><td>{escape(_resolved(document, response)['description'])}</td></tr>"
        for status, response in operation["responses"].items()
        if status != "200"
    )
    return (
        f'<section id="{operation["operationId"]}"><h3><span class="method {method}">{method.upper()}</span>'
        f"{escape(path)}</h3><p>{escape(operation['summary'])} <span class=may>For {roles or 'everyone'}.</span></p>"
        + (f"<table>{rows}</table>" if rows else "")
        + (f"<p>Body</p>{_shape(document, body)}" if body else "")
        + f"<p>Answer</p>{_shape(document, answer)}<details><summary>Other answers</summary><table>{errors}</table>"
        + "</details></section>"
    )


def _shape(document: Schema, schema: Schema) -> str:
    return f"<pre>{escape(json.dumps(_outline(document, schema, ()), indent=2))}</pre>"


def _outline(document: Schema, schema: Schema, within: tuple[str, ...]) -> Any:
    """A schema in the form of an example: each field with its type."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return "…" if name in within else _outline(document, document["components"]["schemas"][name], (*within, name))
    if schema.get("type") == "object":
        required = schema.get("required", [])
        return {
            name if name in required else f"{name}?": _outline(document, part, within)
            for name, part in schema.get("properties", {}).items()
        }
    if schema.get("type") == "array":
        return [_outline(document, schema["items"], within)]
    return _kind(schema)


def _kind(schema: Schema) -> str:
    if "enum" in schema:
        return " | ".join(map(str, schema["enum"]))
    if "anyOf" in schema:
        return " | ".join(_kind(choice) for choice in schema["anyOf"])
    limits = [f"{sign} {schema[word]}" for word, sign in (("minimum", "≥"), ("maximum", "≤")) if word in schema]
    if "maxLength" in schema:
        limits.append(f"at most {schema['maxLength']} characters")
    kind = str(schema.get("format") or schema.get("type", "any"))
    return f"{kind} ({', '.join(limits)})" if limits else kind


def _resolved(document: Schema, part: Schema) -> Schema:
    if "$ref" not in part:
        return part
    _, kind, name = part["$ref"].rsplit("/", 2)
    found: Schema = document["components"][kind][name]
    return found
