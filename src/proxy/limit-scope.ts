/**
 * Whose limit or refusal a text describes: of the whole key, or of the key for one model only. Providers say it by
 * naming the model or its deployment, or by a quota id (`PerModel`, `UserByModel`).
 */

/** Names that models begin with, for sentences that give the bare name ("Rate limit reached for gpt-4o in …"). */
const FAMILIES =
  "gpt|chatgpt|claude|gemini|gemma|llama|codellama|mistral|mixtral|ministral|magistral|devstral|codestral|pixtral|" +
  "qwen|qwq|qvq|deepseek|grok|glm|kimi|moonshot-v|command|nemotron|phi|dall-e|whisper|tts|text-embedding|" +
  "flux|sonar|ernie|doubao|hunyuan|minimax|abab|jamba|granite|wizardlm|hermes|yi";

const MODEL_NAMED: readonly RegExp[] = [
  // "this model", "the specific model", "for model"
  /\b(?:this|that|the|selected|requested|your) (?:specific |base |requested )?model\b/i,
  // "model `x`", "model: x", "models/x"
  /\bmodels?(?: id| name)?\s?[:=]?\s?[`'"“«][^`'"”»\s]/i,
  /\bmodels?[:/=]\s?[a-z@]/i,
  // "model grok-4", "deployment x-1"; but not "model requests"
  /\b(?:model|deployment)(?: id| name)? (?=[\w./:@-]{0,60}[\d/:-])[a-z@]/i,
  /\bmodel (?:is |has been )?(?:disabled|requires)\b/i,
  // Volcengine: the endpoint is the deployment of one model.
  /\bassociated endpoint\b/i,
  // OpenAI: "Rate limit reached for gpt-image-1 (for limit gpt-image) in organization org-…"
  /\breached for [\w.:/-]{2,80} (?:\([^)]{1,60}\) )?in organization\b/i,
  // "per_base_model", "PerModel", "UserByModelByDay"
  /(?:per|by)(?:_?base)?_?model/i,
  // "z-ai/glm-5.3:free"
  /\b[\w-]{2,40}\/[\w.-]{2,60}:[a-z]/i,
  new RegExp(`(?<![\\w.@-])(?:default-)?(?:${FAMILIES})(?:[-:]|\\d|(?=\\s\\d))|\\bo\\d(?:-\\w|\\b)`, "i"),
  /模型\s?[`'"“「[（(]?[a-z]/i,
];

const WEB_ADDRESS = /https?:\/\/[^\s"'<>)]{1,2000}/g;

/** Whether a text about a limit or refusal names a model. Addresses in it (`docs.claude.com`) do not count. */
export function namesModel(text: string): boolean {
  const words = text.replace(WEB_ADDRESS, "");
  return MODEL_NAMED.some((pattern) => pattern.test(words));
}

const LONG_PERIOD =
  /per[\s_-]?(?:day|week|month|24 ?h)|\/ ?(?:day|week|month)\b|by(?:day|week|month)\b|\b(?:daily|weekly|monthly)\b|\b[rt]pd\b|\b24[ -]?hours?\b|\b86400 ?s|每日|每天|每周|每月|当日|今日|本周|本月|日限额|日配额/i;

/** Whether a text about a limit speaks of a day, a week or a month, so that waiting a minute does not help. */
export function namesLongPeriod(text: string): boolean {
  return LONG_PERIOD.test(text.replace(WEB_ADDRESS, ""));
}
