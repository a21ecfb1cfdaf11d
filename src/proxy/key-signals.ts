import { anyOf, REFUSALS, type Signal } from "./signal.ts";

/** The key may not be used from here. */
export const wrongRegion: Signal = {
  outcome: "forbidden_key",
  names: ["unsupported_country_region_territory"],
  text: anyOf(
    "(?:country|location|region|territory)[^.]{0,40}not (?:supported|allowed|available)",
    "not (?:available|supported) in your (?:country|region|location)",
  ),
};

/** The key is genuine, but lacks a permission, or its project an API. */
export const missingPermission: Signal = {
  outcome: "forbidden_key",
  status: [400, 401, 403],
  names: [
    "service_disabled", // Google
    "api_key_service_blocked",
    "api_key_http_referrer_blocked",
    "api_key_ip_address_blocked",
    "ip_not_authorized", // OpenAI
  ],
  text: anyOf(
    "missing scopes?",
    "insufficient permissions?|sufficient permissions|permission is required|lacks the required",
    "not allowed to access", // LiteLLM
    "must be verified to", // OpenAI, organizations
    "has not been used in project", // Google
    "virtual network|public access is disabled", // Azure
  ),
};

/** The key may not use this model, until someone agrees to its terms or opens it. */
export const modelClosed: Signal = {
  outcome: "forbidden_key",
  blame: "key_model",
  names: [
    "model_terms_required", // Groq
    "model_permission_blocked_project",
    "model_permission_blocked_org",
    "1311", // Zhipu: not in this plan
  ],
};

/** 401 and 403 that name a model: the key may not use it. With 404 and 400 the same words mean `unknownModel`. */
export const modelForbidden: Signal = {
  outcome: "forbidden_key",
  blame: "key_model",
  status: [401, 403],
  names: ["model_not_found", "invalid_model", "no_access", "model.accessdenied", "key_model_access_denied"],
  text: anyOf("(?:access to|permission to use) (?:the )?model\\b", "no access to model"),
};

/** The key is dead. */
export const deadKey: Signal = {
  outcome: "invalid_key",
  names: [
    "invalid_api_key",
    "invalidapikey", // DashScope
    "api_key_invalid", // Google, with status 400
    "wrong_api_key", // Cerebras
    "authentication_error",
    "authenticationerror", // Volcengine
    "invalid_authentication_error", // Moonshot
    "account_deactivated",
    "access_terminated",
    "no_organization",
    "organization_restricted", // Groq, with status 400
    "consumer_suspended", // Google
    "consumer_invalid",
    "invalid_iam_token", // Baidu
    "1110", // Zhipu: accounts inactive, gone, locked
    "1111",
    "1112",
    "1121",
    "status_code:1004", // MiniMax
    "status_code:2049",
    "error_code:110", // Baidu
    "error_code:111",
  ],
  text: anyOf(
    "(?:incorrect|invalid|wrong|unknown|bad|missing) (?:\\w{1,20} )?(?:api[ _-]?key|x-api-key|(?:api|access|auth) token|credentials)",
    "api[ _-]?key.{0,60}(?:not valid|is invalid|expired|revoked|disabled|deleted|not found|leaked|blocked|deactivated|suspended|banned)",
    "token seems invalid", // Hugging Face, with status 400
    "authorization failed", // NVIDIA, with status 403
    "authentication fail|invalid authentication|could not (?:authenticate|validate credentials)",
    "reported as leaked|has been suspended|denied access", // Google
    "account.{0,40}(?:deactivated|disabled|banned|blocked|terminated|suspended|locked)",
    "organization has been (?:restricted|disabled)",
    "token ?非法|身份验证失败|账户(?:已被锁定|不存在)|(?:用户|账号)已被(?:封禁|禁用)",
    "无效的令牌|令牌已?(?:过期|无效)|令牌状态不可用", // one-api
  ),
};

/** Identifiers for a model that is not to be had with this key. */
export const unknownModel: Signal = {
  outcome: "model_unavailable",
  names: [
    "model_not_found",
    "model_not_available", // Together
    "model_decommissioned", // Groq
    "model_deprecated",
    "model_not_supported", // Hugging Face, GitHub Copilot
    "model_not_exist",
    "modelnotfound", // DashScope
    "modelnotopen", // Volcengine
    "invalid_model", // Mistral, Perplexity
    "unknown_model", // GitHub Models
    "deploymentnotfound", // Azure
    "invalidendpointormodel.notfound", // Volcengine
    "invalidendpoint.closedendpoint",
    "1211", // Zhipu
    "1500", // Mistral
    "20012", // SiliconFlow
    "5007", // Cloudflare
  ],
  text: anyOf("无可用渠道", "no available channel"), // one-api, with status 503
};

/** The same in words; only where the status leaves room for it. */
export const unknownModelInWords: Signal = {
  outcome: "model_unavailable",
  status: REFUSALS.filter((status) => ![401, 402, 403, 412, 429].includes(status)).concat(410),
  text: anyOf(
    "\\b(?:models?|deployment)\\b.{0,120}?(?:\\bnot|n't) (?:currently )?(?:exist|found|available|loaded|deployed|served|recogni[sz]ed)",
    "\\b(?:models?|deployment)\\b.{0,120}?\\b(?:decommissioned|deprecated|discontinued|retired|end of life|no longer (?:supported|available)|been (?:removed|shut ?down)|not been (?:activated|deployed)|is disabled)",
    "\\bmodel\\b.{0,120}? is not supported(?: by| on|[.,!\"']|$)",
    "model(?: name| id| identifier| code)? is (?:invalid|unknown|incorrect)",
    "(?:no such|unknown|invalid|unsupported|unrecognized) model\\b|not a (?:valid|known|supported) model",
    "(?:cannot|can't|could not|unable to) (?:find|locate|access) (?:the )?(?:\\S{1,30} )?model\\b",
    "no (?:allowed )?(?:endpoints|providers) (?:found|(?:are )?available)", // OpenRouter
    "no models loaded", // LM Studio
    "not found the model", // Moonshot
    "not found for account", // NVIDIA
    "^model: (?!field required|input should)", // Anthropic
    "模型不存在|模型.{0,40}(?:不存在|未找到|已下线|未开通)",
  ),
};
