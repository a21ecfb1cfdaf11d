import { anyOf, type Signal } from "./signal.ts";

/** The request is refused for what it says. */
export const contentRefused: Signal = {
  outcome: "content_filtered",
  names: [
    "content_filter",
    "content_policy_violation",
    "responsibleaipolicyviolation", // Azure
    "moderation_blocked", // OpenAI, images
    "invalid_prompt", // OpenAI, reasoning models
    "data_inspection_failed", // DashScope
    "datainspectionfailed",
    "flagged_input", // OpenRouter's metadata
    "sensitive_words_detected", // new-api
    "1301", // Zhipu
    "status_code:1026", // MiniMax, of the input
    "status_code:1027", // MiniMax, of the output
  ],
  text: anyOf(
    "content (?:(?:management|filtering|moderation|safety|usage) )?policy",
    "content[ _]filter",
    "content moderation",
    "safety (?:system|filter|policy|check)",
    "violat\\w{1,5} .{0,40}(?:guidelines|polic(?:y|ies))",
    "violation of provider terms",
    "blocked by .{0,20}guardrail|guardrail (?:intervened|violation)",
    "(?:unsafe|harmful|inappropriate|prohibited) content",
    "sensitive(?: \\w{1,20})? (?:content|information|words)",
    "requires moderation on|input was flagged|flagged (?:as|for|by)",
    "considered high risk", // Moonshot
    "content exists risk", // DeepSeek
    "nsfw",
    "敏感(?:内容|信息|词)|内容安全|违规内容",
  ),
};

/** Statuses that are about the request whatever the body says. */
export const requestStatus: Signal = { outcome: "client_error", status: [405, 413, 414, 415, 431] };

/** Too long, or a parameter that the model does not take; with whatever status, even 403 and 500. */
export const badRequest: Signal = {
  outcome: "client_error",
  names: [
    "context_length_exceeded",
    "exceed_context_size_error", // llama.cpp
    "string_above_max_length",
    "request_too_large", // Anthropic
    "tokens_limit_reached", // GitHub Models
    "unsupported_parameter",
    "unknown_parameter",
    "missing_required_parameter",
    "invalid_value",
    "tool_use_failed", // Groq
    "json_validate_failed", // Groq
    "operationnotsupported", // Azure
    "1261", // Zhipu
  ],
  text: anyOf(
    "request too large",
    "context (?:length|size|window)",
    "(?:prompt|input) is too long|prompt 超长",
    "maximum number of tokens",
    "reduce the length of",
    "input token count",
    "too many (?:input |prompt )?tokens(?: in|: total)", // Cohere; "too many tokens, please wait" is a limit
    "shorter (?:prompt|input)",
    "range of input length", // DashScope
    "when context the overflows", // LM Studio
  ),
};

/** A path that the host does not have, or the wrong one for this model. */
export const wrongPath: Signal = {
  outcome: "client_error",
  text: anyOf(
    "invalid url",
    "no route matched|could not route to", // Kong, Cloudflare
    "unknown (?:path|route|request url)",
    "cannot (?:get|post|put|delete) /", // Express
    "404 page not found", // Go
    "unexpected endpoint or method", // LM Studio, with status 200
    "not a chat model|only supported in v1|not supported in the v1",
    "does not work with the specified model",
  ),
};

/** Numbers for bad parameters that say nothing by themselves: MiniMax, Zhipu. */
export const badParameter: Signal = {
  outcome: "client_error",
  names: ["status_code:2013", "1210", "1213", "1214"],
};
