// biome-ignore-all lint/suspicious/noTemplateCurlyInString: this is code as text
import { inFile, type Mutant } from "./mutant.ts";

/** What the client refuses to send, and to take for an answer. */
export const coreCheckMutants: readonly Mutant[] = [
  ...inFile("packages/core/src/validation.ts", [
    [
      "the client checks no body",
      "return isJson(shape) ? checkShape(shape, body, true) : undefined;",
      "return undefined;",
      "bad input",
      "exec",
      "volumes",
    ],
    [
      "the client checks the shape of bodies alone",
      "RULES[id]?.({ body, query });",
      "RULES[id]?.({ body: undefined, query }) && undefined;",
      "bad input",
      "exec",
      "volumes",
    ],
    ["the client sends unknown fields", "checkShape(shape, body, true)", "checkShape(shape, body, false)", "bad input"],
    [
      "the client checks no path in a volume",
      'path === undefined ? undefined : check("path", path);',
      "void path || void check;",
      "listing files",
    ],
    [
      "the client checks no answer",
      "const found = checkShape(routeOf(id).response, body, false);",
      "const found = undefined as Violation | undefined;",
      "tolerance",
    ],
    [
      "the client refuses unknown fields in answers",
      "checkShape(routeOf(id).response, body, false)",
      "checkShape(routeOf(id).response, body, true)",
      "tolerance",
    ],
    ["the client sends dot segments", "|| /^\\.{0,2}$/.test(String(value)))", ")", "bad input"],
    [
      "the client takes any limit of time",
      "if (timeoutMs !== undefined && !isTimeout(timeoutMs)) return",
      "if (timeoutMs === null) return",
      "bad input",
    ],
    [
      "the client takes any offset",
      "if (value !== undefined && !isWhole(value))",
      "if (value === null)",
      "reading files",
    ],
  ]),
  ...inFile("packages/core/src/shape.ts", [
    [
      "the client sends empty names",
      '(value) => value !== "" && isText(value)',
      "(value) => isText(value)",
      "bad input",
      "metrics",
      "errors",
    ],
    [
      "the client sends page 0",
      '(value as number) > 0, "a whole number',
      '(value as number) >= 0, "a whole number',
      "listing",
      "logs",
    ],
    [
      "nulls in answers stay",
      "else if (isNull && !required.has(name)) delete value[name];",
      "else if (isNull && !required.has(name)) continue;",
      "tolerance",
    ],
    [
      "unknown values of enums are refused",
      "return (value) => (fits(value) ?",
      'return (value) => (value === "hibernating" ? wrong(value, "a phase") : fits(value) ?',
      "tolerance",
    ],
    [
      "times must be in UTC",
      "return (value) => (fits(value) ?",
      'return (value) => (/^\\d{4}-\\d\\d-.*\\+02:00$/.test(String(value)) ? wrong(value, "in UTC") : fits(value) ?',
      "tolerance",
    ],
    [
      "a malformed answer does not say where",
      'violation(found.field || "body", found.value, found.rule)',
      'violation("somewhere", found.value, found.rule)',
      "tolerance",
    ],
    [
      "optional nulls in answers are refused",
      "else if (isNull && !required.has(name)) delete value[name];",
      'else if (isNull && !required.has(name)) found = wrong(item, "no null");',
      "tolerance",
    ],
    [
      "items of arrays are not checked",
      "const found = check(value[index], closed);",
      "const found = undefined as Violation | undefined;",
      "tolerance",
      "bad input",
    ],
    [
      "types in answers do not matter",
      "return (value) => (fits(value) ?",
      "return (value) => (fits(value) || value !== undefined ?",
      "tolerance",
    ],
    [
      "what is no object is one",
      'if (!isRecord(value)) return wrong(value, "an object");',
      "if (!isRecord(value)) return undefined;",
      "tolerance",
    ],
  ]),
];
