import type { Blame, Outcome } from "../types.ts";

/**
 * One way in which a provider says something. A row matches where the status is among `status` (any, if left out) and
 * either one of `names` is an identifier of the error (`code`, `type`, `status`, `reason`; compared in lower case) or
 * `text` is found in its texts. A row with `status` alone matches by that.
 */
export interface Signal {
  outcome: Outcome;
  /** Where it is not the outcome's own: a limit or refusal counts for `key_model` by itself if the text names a model. */
  blame?: Blame;
  status?: readonly number[];
  names?: readonly string[];
  text?: RegExp;
}

/** Where the status says little: a refusal of some kind, or (200) nothing at all. */
const REFUSALS = [200, 400, 401, 402, 403, 404, 409, 412, 422, 429];

/**
 * What providers answer and what it means, most telling first: the first row that matches decides. To teach the proxy
 * a new answer, add a row (or a word to a row) and the answer itself to `test/fixtures/provider-answers/`.
 * The patterns see at most 4,096 characters and have no unbounded repetition.
 */
export const SIGNALS: readonly Signal[] = [
  // The request is refused for what it says.
  {
    outcome: "content_filtered",
    names: [
      "content_filter",
      "content_policy_violation",
      "responsibleaipolicyviolation",
      "moderation_blocked",
      "data_inspection_failed",
      "datainspectionfailed",
      "invalid_prompt",
      "sensitive_words_detected",
      "flagged_input",
      "1301",
      "status_code:1026",
      "status_code:1027",
    ],
    text: /content (?:management|filtering|moderation|safety|usage)? ?policy|content[ _]filter|content moderation|safety (?:system|filter|policy|check)|violat\w{1,5} .{0,40}(?:guidelines|polic(?:y|ies))|(?:blocked by|violates|triggered) .{0,20}guardrail|guardrail (?:intervened|violation)|(?:unsafe|harmful) content|requires moderation on|input was flagged|flagged (?:as|for|by)|inappropriate content|sensitive(?: \w{1,20})? (?:content|information|words)|considered high risk|content exists risk|prohibited content|nsfw|violation of provider terms|敏感(?:内容|信息|词)|内容安全|违规内容/i,
  },
  // The size and form of the request.
  { outcome: "client_error", status: [405, 413, 414, 415, 431] },
  {
    outcome: "client_error",
    names: [
      "context_length_exceeded",
      "exceed_context_size_error",
      "string_above_max_length",
      "request_too_large",
      "tokens_limit_reached",
      "unsupported_parameter",
      "unknown_parameter",
      "missing_required_parameter",
      "invalid_value",
      "tool_use_failed",
      "json_validate_failed",
      "operationnotsupported",
      "1261",
    ],
    text: /request too large|context (?:length|size|window)|prompt is too long|input is too long|prompt 超长|maximum number of tokens|reduce the length of|input token count|too many (?:input |prompt )?tokens(?: in|: total)|shorter (?:prompt|input)|range of input length|when context the overflows/i,
  },
  {
    outcome: "client_error",
    text: /invalid url|no route matched|unknown (?:path|route|request url)|cannot (?:get|post|put|delete) \/|404 page not found|unexpected endpoint or method|could not route to|not a chat model|only supported in v1|not supported in the v1|does not work with the specified model/i,
  },

  // A wallet that is empty whatever else the sentence says.
  {
    outcome: "rate_limited",
    text: /#(?:token|rate)-limit\b/i, // DashScope says insufficient_quota for its limits by the minute
  },
  {
    outcome: "no_credit",
    blame: "key_model",
    names: ["allocationquota.freetieronly", "30011", "quotaexceeded", "setlimitexceeded"],
    text: /free (?:tier|trial|trial quota|quota) (?:of|for) (?:the|this)\b.{0,80}\bmodel\b|model requires (?:a )?paid/i,
  },
  {
    outcome: "no_credit",
    names: [
      "insufficient_quota",
      "billing_not_active",
      "billing_hard_limit_reached",
      "billing_error",
      "exceeded_current_quota_error",
      "insufficient_balance",
      "insufficient_balance_error",
      "insufficient_credits",
      "insufficient_user_quota",
      "pre_consume_token_quota_failed",
      "not_enough_balance",
      "arrearage",
      "accountoverdueerror",
      "prepaidbilloverdue",
      "postpaidbilloverdue",
      "commoditynotpurchased",
      "budget_exceeded",
      "1113",
      "1309",
      "30001",
      "status_code:1008",
    ],
    text: /insufficient[ _-](?:\w{1,20} )?(?:balance|credits?|funds?)|balance.{0,20}(?:insufficient|too low|not enough|exhausted|depleted|negative)|not enough (?:balance|credits?|funds)|exceeded your balance|add (?:more )?balance|inactive subscription|used all available credits|(?:prepayment|prepaid) credits.{0,20}depleted|cloud credits expired|no payment method|valid credit card|(?<!(?:daily|weekly|monthly|included) )credits? .{0,30}(?:exhausted|depleted|used up|run out)|enough (?:credits?|balance|funds)\b|out of credits|(?:no|any|more) (?:remaining )?credits (?:or|left|remaining|available)|(?:run|ran) out of (?:credits|funds|balance)|balance is \$?0\b|quota is not enough|no valid (?:token plan )?subscription|billing hard limit|past invoices|overdue|in arrears|good standing|budget has been exceeded|key limit exceeded \(total|欠费|余额不足|额度不足|额度已用尽|余额已/i,
  },

  // An allowance that comes back with the day, the week or the month.
  {
    outcome: "quota_exhausted",
    names: [
      "1304",
      "1308",
      "1310",
      "usage_limit_reached",
      "status_code:2056",
      "error_code:17",
      "error_code:19",
    ],
    text: /(?:daily|weekly|monthly) (?:\w{1,20} ){0,2}(?:credits?|allocation|quota|usage|limit|allowance|cap|budget)|specified api usage limits|free-models-per-day|call volume quota|\d[ -]hour usage limit|your (?!hourly)(?:[\w()-]{1,20} ){0,3}usage limit|usage limit reached for \d|billing (?:cycle|period)/i,
  },
  {
    outcome: "no_credit",
    status: REFUSALS,
    text: /free (?:tier|trial|quota|credits?|allowance|usage).{0,80}(?:exhausted|ended|expired|used up|depleted|run out)|subscription (?:is not active|has expired)|spending limit/i,
  },

  // No waiting helps: this key was never meant to do this.
  {
    outcome: "forbidden_key",
    blame: "key_model",
    names: ["quotavalue:0"],
    text: /quota exceeded.{0,300}\blimit: 0\b/is,
  },

  // Limits by their own names, before words in them are taken for something else.
  {
    outcome: "rate_limited",
    names: [
      "openrouter_in_flight_budget",
      "in_flight_budget_exhausted",
      "limit_requests",
      "limit_burst_rate",
      "throttling.ratequota",
      "throttling.burstrate",
      "throttling.allocationquota",
      "1302",
      "1303",
      "1313",
      "status_code:1002",
      "status_code:1039",
      "status_code:1041",
      "error_code:4",
      "error_code:18",
    ],
    text: /limit_rp[md]\//i,
  },

  // The host has too much to do.
  {
    outcome: "overloaded",
    names: [
      "overloaded_error",
      "overloaded",
      "engine_overloaded_error",
      "engine_overloaded",
      "serveroverloaded",
      "modelloadingerror",
      "server_is_overloaded",
      "slow_down",
      "queue_exceeded",
      "model_capacity_exhausted",
      "service_tier_capacity_exceeded",
      "service_unavailable_error",
      "3505",
      "1305",
      "1312",
      "3040",
    ],
    text: /over-?load|(?:high|heavy) (?:traffic|demand|load|volume)\b|too (?:busy|much traffic)|\b(?:server|service|system|model|engine|worker)s? (?:is |are )?(?:currently |temporarily )?busy|\bqueue (?:is )?(?:full|exceeded|overflow|limit|too long)|(?:at|over|out of|no|insufficient|limited|due to|exceeds?|exceeded|enough) (?:\w{1,20} ){0,2}capacity|capacity (?:is )?(?:temporarily )?(?:exceeded|unavailable|reached|limits?|constraints?)|pending requests exceeded|no healthy upstream|not ready to serve|loading model|currently loading|(?:访问量|请求量|流量)过大|负载(?:已饱和|饱和|过高)|(?:系统|服务|服务器|模型)繁忙|过载/i,
  },

  // "You exceeded your current quota, please check your plan and billing details" is a limit at Google, else money.
  { outcome: "rate_limited", names: ["resource_exhausted"], text: /ai\.google\.dev/i },
  {
    outcome: "no_credit",
    status: REFUSALS,
    text: /exceeded (?:your )?current quota(?! of)|check your plan and billing/i,
  },

  // The key may not do this here.
  {
    outcome: "forbidden_key",
    names: ["unsupported_country_region_territory"],
    text: /(?:country|location|region|territory)[^.]{0,40}not (?:supported|allowed|available)|not (?:available|supported) in your (?:country|region|location)/i,
  },
  {
    outcome: "forbidden_key",
    names: [
      "service_disabled",
      "api_key_service_blocked",
      "api_key_http_referrer_blocked",
      "api_key_ip_address_blocked",
      "ip_not_authorized",
    ],
    text: /missing scopes?|insufficient permissions?|permission is required|sufficient permissions|not allowed to access|must be verified to|lacks the required|has not been used in project|virtual network|public access is disabled/i,
    status: [400, 401, 403],
  },
  {
    outcome: "forbidden_key",
    blame: "key_model",
    names: [
      "model_terms_required",
      "model_permission_blocked_project",
      "model_permission_blocked_org",
      "1311",
    ],
  },
  {
    outcome: "forbidden_key",
    blame: "key_model",
    status: [401, 403],
    names: ["model_not_found", "invalid_model", "no_access", "model.accessdenied", "key_model_access_denied"],
    text: /(?:access to|permission to use) (?:the )?model\b|no access to model/i,
  },

  // The key is dead.
  {
    outcome: "invalid_key",
    names: [
      "invalid_api_key",
      "invalidapikey",
      "api_key_invalid",
      "wrong_api_key",
      "authentication_error",
      "authenticationerror",
      "invalid_authentication_error",
      "account_deactivated",
      "access_terminated",
      "no_organization",
      "organization_restricted",
      "consumer_suspended",
      "consumer_invalid",
      "invalid_iam_token",
      "1110",
      "1111",
      "1112",
      "1121",
      "status_code:1004",
      "status_code:2049",
      "error_code:110",
      "error_code:111",
    ],
    text: /(?:incorrect|invalid|wrong|unknown|bad|missing) (?:\w{1,20} )?(?:api[ _-]?key|api token|x-api-key|access token|auth token|credentials)|api[ _-]?key.{0,60}(?:not valid|is invalid|expired|revoked|disabled|deleted|not found|leaked|blocked|deactivated|suspended|banned)|token seems invalid|authorization failed|authentication fail|invalid authentication|could not (?:authenticate|validate credentials)|reported as leaked|has been suspended|denied access|account.{0,40}(?:deactivated|disabled|banned|terminated|suspended|locked)|organization has been (?:restricted|disabled)|token ?非法|无效的令牌|令牌已?(?:过期|无效)|令牌状态不可用|(?:用户|账号)已被(?:封禁|禁用)|身份验证失败|账户(?:已被锁定|不存在)/i,
  },

  // The model is not to be had with this key.
  {
    outcome: "model_unavailable",
    names: [
      "model_not_found",
      "model_not_available",
      "model_decommissioned",
      "model_deprecated",
      "model_not_supported",
      "model_not_exist",
      "modelnotfound",
      "modelnotopen",
      "invalid_model",
      "unknown_model",
      "deploymentnotfound",
      "invalidendpointormodel.notfound",
      "invalidendpoint.closedendpoint",
      "1211",
      "1500",
      "20012",
      "5007",
    ],
  },
  {
    outcome: "model_unavailable",
    status: [200, 400, 404, 409, 410, 422],
    text: /\b(?:models?|deployment)\b.{0,120}?\b(?:(?:does not|doesn't|do not|not) exist|not found|not (?:currently )?(?:available|loaded|deployed|served|recogni[sz]ed)|decommissioned|deprecated|discontinued|retired|end of life|no longer (?:supported|available)|been (?:removed|shut ?down)|not been (?:activated|deployed)|is disabled)|\bmodel\b.{0,120}? is not supported(?: by| on|[.,!"']|$)|model(?: name| id| identifier| code)? is (?:invalid|unknown|incorrect)|(?:no such|unknown|invalid|unsupported|unrecognized) model\b|(?:cannot|can't|could not|unable to) (?:find|locate|access) (?:the )?(?:\S{1,30} )?model\b|not a (?:valid|known|supported) model|no (?:allowed )?(?:endpoints|providers) (?:found|(?:are )?available)|no models loaded|not found the model|not found for account|has not activated the model|^model: |模型不存在|模型.{0,40}(?:不存在|未找到|已下线|未开通)/i,
  },
  { outcome: "model_unavailable", text: /无可用渠道|no available channel/i },

  // Whatever else is a limit, and whatever else is the host's fault.
  {
    outcome: "rate_limited",
    names: [
      "rate_limit_exceeded",
      "rate_limit_error",
      "rate_limit_reached_error",
      "ratelimitreached",
      "ratelimitexceeded",
      "rate_limited",
      "too_many_requests",
      "throttlingexception",
      "throttling",
    ],
    text: /rate[ -]?limit|too many (?:requests|concurrent|tokens)|throttl|请求过于频繁|速率限制|频率限制|并发/i,
  },
  {
    outcome: "rate_limited",
    status: REFUSALS,
    text: /request limit|concurren\w{1,4} .{0,40}limit|slow down/i,
  },
  {
    outcome: "upstream_error",
    names: ["1230", "1234", "status_code:1000", "status_code:1001", "status_code:1013", "status_code:1024"],
    text: /degraded function/i,
  },
  {
    outcome: "client_error",
    names: ["status_code:2013", "1210", "1213", "1214"],
  },
];

/** What a status means where nothing in the answer says more. */
export function outcomeOfStatus(status: number): Outcome {
  const known = STATUS_OUTCOMES[status];
  if (known !== undefined) return known;
  return status >= 400 && status < 500 ? "client_error" : "upstream_error";
}

const STATUS_OUTCOMES: Record<number, Outcome> = {
  401: "invalid_key",
  402: "no_credit",
  403: "forbidden_key",
  408: "upstream_error",
  // Fireworks: unpaid or over the spending limit.
  412: "no_credit",
  424: "upstream_error",
  425: "upstream_error",
  429: "rate_limited",
  451: "forbidden_key",
  // Groq: no capacity for the flex tier.
  498: "overloaded",
  499: "upstream_error",
  503: "overloaded",
  529: "overloaded",
};
