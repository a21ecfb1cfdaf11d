import fc, { type Arbitrary } from "fast-check";
import type { JsonSchema } from "../../src/admin/api/json-schema.ts";

/** Text that has broken programs: nothing, blanks, controls, lone surrogates, names of Object's own, injections, length. */
const ODD_TEXTS = [
  "",
  " ",
  "\0",
  "\ud800",
  "__proto__",
  "constructor",
  "toString",
  "' OR 1=1 --",
  '"',
  "%",
  "../../etc/passwd",
  "<script>alert(1)</script>",
  "{{7*7}}",
  "NULL",
  "NaN",
  "1e999",
  "-0",
  "\u202e\u{1f600}",
  "2026-02-30",
  "2026-01-01T00:00:00Z",
  "+275760-09-13T00:00:00.001Z",
  "x".repeat(5_000),
];
const ODD_NUMBERS = [0, -0, -1, 1.5, 1e21, -1e308, Number.MAX_SAFE_INTEGER, 2 ** 53, 2 ** 31];

export const oddText: Arbitrary<string> = fc.oneof(
  fc.constantFrom(...ODD_TEXTS),
  fc.string({ unit: "binary", maxLength: 50 }),
);
const oddValue: Arbitrary<unknown> = fc.oneof(
  oddText,
  fc.constantFrom(...ODD_NUMBERS),
  fc.jsonValue({ maxDepth: 2 }),
);

/**
 * Values for a schema: mostly such as fit, sometimes past a bound, of another kind, too few or too many fields.
 * @param addresses for fields that hold one, so that nothing is sent to anyone else.
 * @param known real values that `id` fields may have.
 */
export function arbitraryFor(
  schema: JsonSchema,
  resolve: (schema: JsonSchema) => JsonSchema,
  given: { addresses: string[]; known: () => string[] },
): Arbitrary<unknown> {
  const fitting = fittingFor(resolve(schema), (part) => arbitraryFor(part, resolve, given), given);
  return fc.oneof({ weight: 12, arbitrary: fitting }, { weight: 1, arbitrary: oddValue });
}

function fittingFor(
  schema: JsonSchema,
  inner: (schema: JsonSchema) => Arbitrary<unknown>,
  { addresses, known }: { addresses: string[]; known: () => string[] },
): Arbitrary<unknown> {
  if (schema.enum !== undefined) return fc.constantFrom(...schema.enum);
  if (schema.anyOf !== undefined) return fc.oneof(...schema.anyOf.map(inner));
  const types = [schema.type ?? "object"].flat();
  const aText = (): Arbitrary<unknown> => {
    const texts = [
      oddText,
      fc.constant(null).map(() => known()[0] ?? ""),
      fc.nat(1e6).map((n) => known()[n % known().length]),
    ];
    const isAddress = schema.format === "uri" || /https?:\/\//.test(String(schema.examples?.[0] ?? ""));
    if (isAddress) return fc.constantFrom(...addresses, "", "ftp://x", "http://", "http://u:p@127.0.0.1:9");
    if (schema.examples?.length) texts.push(fc.constantFrom(...(schema.examples as string[])));
    const { minLength = 0, maxLength = 600 } = schema;
    return fc.oneof(...texts, fc.string({ minLength, maxLength: Math.min(maxLength, 600) }));
  };
  const kinds: Record<string, () => Arbitrary<unknown>> = {
    null: () => fc.constant(null),
    boolean: () => fc.boolean(),
    integer: () =>
      fc.integer({ min: schema.minimum ?? -5, max: Math.min(schema.maximum ?? 1e6, 2 ** 31 - 1) }),
    number: () => fc.double({ min: schema.minimum ?? -5, max: schema.maximum ?? 1e6, noNaN: true }),
    string: aText,
    array: () => fc.array(inner(schema.items ?? {}), { maxLength: 6 }),
    object: () => anObject(schema, inner),
  };
  return fc.oneof(...types.map((type) => kinds[type]?.() ?? oddValue));
}

function anObject(schema: JsonSchema, inner: (schema: JsonSchema) => Arbitrary<unknown>): Arbitrary<unknown> {
  if (schema.properties === undefined) return fc.dictionary(oddText, oddValue, { maxKeys: 3 });
  const fields = Object.entries(schema.properties).map(([name, field]) => [name, inner(field)] as const);
  const whole = fc.record(Object.fromEntries(fields), { requiredKeys: schema.required ?? [] });
  const few = fc.record(Object.fromEntries(fields), { requiredKeys: [] });
  const more = fc.tuple(whole, oddText, oddValue).map(([made, name, value]) => ({ ...made, [name]: value }));
  return fc.oneof(
    { weight: 8, arbitrary: whole },
    { weight: 1, arbitrary: few },
    { weight: 1, arbitrary: more },
  );
}
