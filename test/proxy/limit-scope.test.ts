import { describe, expect, test } from "bun:test";
import { namesLongPeriod, namesModel } from "../../src/proxy/limit-scope.ts";

describe("a text that names a model", () => {
  const naming = [
    "Rate limit reached for gpt-4o in organization org-FAKE",
    "Rate limit reached for default-gpt-3.5-turbo in organization org-FAKE",
    "Rate limit reached for o3 in organization org-FAKE",
    "Rate limit reached for ft:some-model:acme in organization org-FAKE",
    "Rate limit reached for model `llama-3.3-70b` in organization",
    "Your requests to gpt-4.1-nano for gpt-4.1-nano in Sweden Central have exceeded",
    "Too many requests for team x and model grok-4-0709",
    "(org: x, model: claude-sonnet-4-20250514)",
    "specific to this model black-forest-labs/FLUX.1",
    "Rate limit of 50 per 86400s exceeded for UserByModelByDay",
    "GenerateRequestsPerMinutePerProjectPerModel-FreeTier",
    "z-ai/glm-5.3-flash is temporarily rate-limited upstream",
    "generate_content_requests_per_minute_per_project_per_base_model",
    "vendor/thing:free is temporarily limited",
    "Rate limit exceeded for Gemini 2.5 Pro",
    "limit of the associated endpoint",
    "当前订阅套餐暂未开放模型 GLM-5 权限",
  ];
  for (const text of naming) test(text, () => expect(namesModel(text)).toBe(true));

  const silent = [
    "Requests to the ChatCompletions_Create Operation under Azure OpenAI API version 2024-02-15-preview",
    "This request would exceed the rate limit for your organization of 20,000 input tokens per minute",
    "See https://docs.claude.com/en/api/rate-limits and https://x.ai/models/grok-4",
    "Rate limit exceeded: free-models-per-day. Add 10 credits to unlock 1000 free model requests per day",
    "Your account org-FAKE<ak-FAKE> request reached project TPM rate limit, current: 1410, limit: 100",
    "You have been rate limited. Your rate limit is 60 queries per minute.",
    "Rate limit reached for RPM",
    "Too many requests",
  ];
  for (const text of silent) test(`not: ${text}`, () => expect(namesModel(text)).toBe(false));
});

describe("a text that speaks of a day, a week or a month", () => {
  const long = [
    "requests per day (RPD)",
    "tokens per day",
    "TPD limit reached",
    "free-models-per-day-high-balance",
    "GenerateRequestsPerDayPerProject",
    "UserByModelByDay",
    "1000 API calls / month",
    "monthly limit",
    "Weekly limit",
    "daily limit",
    "50 per 86400s",
    "每日限额",
  ];
  for (const text of long) test(text, () => expect(namesLongPeriod(text)).toBe(true));

  const short = [
    "per minute",
    "40 API calls / minute",
    "TPM",
    "requests per hour",
    "today",
    "https://x.example/daily",
  ];
  for (const text of short) test(`not: ${text}`, () => expect(namesLongPeriod(text)).toBe(false));
});
