import type { ExportedKey } from "../../operations/types.ts";

/** A JSON array that `POST /keys/import` takes, sent slice by slice: a hundred thousand keys cost no memory. */
export function exportKeys(slices: Iterable<ExportedKey[]>, day: string): Response {
  const encoder = new TextEncoder();
  const iterator = slices[Symbol.iterator]();
  let before = "[\n";
  const body = new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        const { value, done } = iterator.next();
        if (done === true) {
          controller.enqueue(encoder.encode(before === "[\n" ? "[]\n" : "\n]\n"));
          controller.close();
          return;
        }
        controller.enqueue(
          encoder.encode(before + value.map((key) => JSON.stringify(exportJson(key))).join(",\n")),
        );
        before = ",\n";
      },
    },
    new CountQueuingStrategy({ highWaterMark: 0 }),
  );
  return new Response(body, {
    headers: {
      "content-type": "application/json; charset=utf-8",
      "content-disposition": `attachment; filename="keys-${day}.json"`,
      "cache-control": "no-store",
      "x-content-type-options": "nosniff",
    },
  });
}

function exportJson({ key, secret, pool, upstream }: ExportedKey) {
  return {
    name: key.name,
    ...(secret === null ? { masked_secret: key.maskedSecret } : { secret }),
    pool_id: key.poolId,
    pool,
    upstream_id: key.upstreamId,
    upstream,
    tags: key.tags,
    weight: key.weight,
    priority: key.priority,
    enabled: key.enabled,
    daily_limit: key.dailyLimit,
    rpm_limit: key.rpmLimit,
    tpm_limit: key.tpmLimit,
    max_concurrency: key.maxConcurrency,
  };
}
