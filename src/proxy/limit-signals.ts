import { anyOf, REFUSALS, type Signal } from "./signal.ts";

/** DashScope says `insufficient_quota` for its limits by the minute; its link tells. */
export const dashscopeLimit: Signal = { outcome: "rate_limited", text: /#(?:token|rate)-limit\b/i };

/** An allowance for one model that was given once. */
export const freeModelSpent: Signal = {
  outcome: "no_credit",
  blame: "key_model",
  names: [
    "allocationquota.freetieronly", // DashScope
    "setlimitexceeded", // Volcengine's "Safe Experience Mode"
    "30011", // SiliconFlow
  ],
  text: anyOf(
    "free (?:tier|trial|trial quota|quota) (?:of|for) (?:the|this)\\b.{0,80}\\bmodel\\b",
    "model requires (?:a )?paid",
  ),
};

/** A wallet that is empty, whatever else the sentence says. */
export const noMoney: Signal = {
  outcome: "no_credit",
  names: [
    "insufficient_quota", // OpenAI, Perplexity
    "billing_not_active",
    "billing_hard_limit_reached",
    "billing_error", // Anthropic
    "exceeded_current_quota_error", // Moonshot
    "insufficient_balance",
    "insufficient_balance_error", // MiniMax
    "insufficient_credits",
    "insufficient_user_quota", // one-api
    "pre_consume_token_quota_failed", // one-api
    "not_enough_balance", // Novita
    "arrearage", // DashScope
    "accountoverdueerror", // Volcengine
    "prepaidbilloverdue", // DashScope
    "postpaidbilloverdue",
    "commoditynotpurchased",
    "budget_exceeded", // LiteLLM
    "1113", // Zhipu
    "1309", // Zhipu: the plan has ended
    "30001", // SiliconFlow
    "status_code:1008", // MiniMax
    "error_code:19", // Baidu: a free total
  ],
  text: anyOf(
    "insufficient[ _-](?:\\w{1,20} )?(?:balance|credits?|funds?)",
    "balance.{0,20}(?:insufficient|too low|not enough|exhausted|depleted|negative)|balance is \\$?0\\b",
    "enough (?:balance|credits?|funds)\\b|quota is not enough",
    "(?<!(?:daily|weekly|monthly|included) )credits? .{0,30}(?:exhausted|depleted|expired|used up|run out)",
    "used all available credits", // xAI
    "(?:no|any|more) (?:remaining )?credits (?:or|left|remaining|available)",
    "out of (?:credits|funds|balance)|exceeded your balance|add (?:more )?balance",
    "no payment method|valid credit card",
    "inactive subscription|no valid (?:token plan )?subscription",
    "billing hard limit|past invoices|overdue|in arrears|good standing",
    "budget has been exceeded",
    "key limit exceeded \\(total", // OpenRouter
    "欠费|余额不足|额度不足|额度已用尽|余额已",
  ),
};

/** An allowance that comes back with the day, the week or the month. */
export const periodicQuota: Signal = {
  outcome: "quota_exhausted",
  names: [
    "usage_limit_reached",
    "dailylimitexceeded",
    "1304", // Zhipu
    "1308",
    "1310",
    "status_code:2056", // MiniMax
    "error_code:17", // Baidu
  ],
  text: anyOf(
    "(?:daily|weekly|monthly) (?:\\w{1,20} ){0,2}(?:credits?|allocation|quota|usage|limit|allowance|cap|budget)",
    "specified api usage limits", // Anthropic, with status 400
    "free-models-per-day", // OpenRouter
    "call volume quota", // Azure API Management
    "\\d[ -]hour usage limit|usage limit reached for \\d",
    "your (?!hourly)(?:[\\w()-]{1,20} ){0,3}usage limit",
    "billing (?:cycle|period)",
  ),
};

/** Money, said in words that elsewhere stand for less. */
export const freeTierEnded: Signal = {
  outcome: "no_credit",
  status: REFUSALS,
  text: anyOf(
    "free (?:tier|trial|quota|credits?|allowance|usage).{0,80}(?:exhausted|ended|expired|used up|depleted|run out)",
    "subscription (?:is not active|has expired)",
    "spending limit",
  ),
};

/** Google: a limit of 0 is no limit but a refusal; no waiting helps. */
export const limitOfZero: Signal = {
  outcome: "forbidden_key",
  blame: "key_model",
  names: ["quotavalue:0"],
  text: /quota exceeded.{0,300}\blimit: 0\b/is,
};

/** Limits by their own names, before other words in them are taken for something else. */
export const namedLimit: Signal = {
  outcome: "rate_limited",
  names: [
    "openrouter_in_flight_budget",
    "in_flight_budget_exhausted",
    "limit_requests", // DashScope
    "limit_burst_rate",
    "throttling.ratequota",
    "throttling.burstrate",
    "throttling.allocationquota",
    "1302", // Zhipu
    "1303",
    "1313",
    "status_code:1002", // MiniMax
    "status_code:1039",
    "status_code:1041",
    "error_code:4", // Baidu
    "error_code:18",
  ],
  text: /limit_rp[md]\//i, // OpenRouter: "limit_rpm/google/gemini… High demand for …"
};

/** "You exceeded your current quota, please check your plan and billing details": a limit at Google … */
export const googleQuota: Signal = {
  outcome: "rate_limited",
  names: ["resource_exhausted"],
  text: /ai\.google\.dev/i,
};

/** … and money everywhere else, unless it is a quota "of requests per minute". */
export const currentQuota: Signal = {
  outcome: "no_credit",
  status: REFUSALS,
  text: anyOf("exceeded (?:your )?current quota(?! of)", "check your plan and billing"),
};

/** Whatever else is a limit. */
export const anyLimit: Signal = {
  outcome: "rate_limited",
  names: [
    "rate_limit_exceeded",
    "rate_limit_error",
    "rate_limit_reached_error", // Moonshot
    "ratelimitreached", // Azure, GitHub Models
    "ratelimitexceeded",
    "rate_limited", // Mistral
    "too_many_requests",
    "throttling",
    "throttlingexception", // AWS
  ],
  text: anyOf(
    "rate[ -]?limit",
    "too many (?:requests|concurrent|tokens)",
    "throttl",
    "请求过于频繁|速率限制|频率限制|并发",
  ),
};

/** Words for limits that a host's own failures use as well ("Worker local total request limit reached", 502). */
export const limitInRefusal: Signal = {
  outcome: "rate_limited",
  status: REFUSALS,
  text: anyOf("request limit", "concurren\\w{1,4} .{0,40}limit", "slow down"),
};
