import { anyOf, type Signal } from "./signal.ts";

/** The host has too much to do, whatever the status. */
export const overloaded: Signal = {
  outcome: "overloaded",
  names: [
    "overloaded_error", // Anthropic
    "overloaded", // Hugging Face's text generation server
    "engine_overloaded",
    "engine_overloaded_error", // Moonshot
    "server_is_overloaded", // OpenAI
    "slow_down", // OpenAI
    "serveroverloaded", // Volcengine
    "modelloadingerror", // Volcengine
    "queue_exceeded", // Cerebras
    "model_capacity_exhausted", // Google
    "service_tier_capacity_exceeded", // Mistral
    "3505",
    "service_unavailable_error", // DeepSeek
    "1305", // Zhipu
    "1312",
    "3040", // Cloudflare
  ],
  text: anyOf(
    "over-?load",
    "(?:high|heavy) (?:traffic|demand|load|volume)\\b",
    "too (?:busy|much traffic)",
    "\\b(?:server|service|system|model|engine|worker)s? (?:is |are )?(?:currently |temporarily )?busy",
    "\\bqueue (?:is )?(?:full|exceeded|overflow|limit|too long)|pending requests exceeded",
    "(?:at|over|out of|no|insufficient|limited|due to|exceeds?|exceeded|enough) (?:\\w{1,20} ){0,2}capacity",
    "capacity (?:is )?(?:temporarily )?(?:exceeded|unavailable|reached|limits?|constraints?)",
    "no healthy upstream", // Envoy
    "not ready to serve|loading model|currently loading",
    "(?:访问量|请求量|流量)过大|负载(?:已饱和|饱和|过高)|(?:系统|服务|服务器|模型)繁忙|过载",
  ),
};

/** Failures of the host that do not look like it by their status. */
export const hostFailure: Signal = {
  outcome: "upstream_error",
  names: [
    "1230", // Zhipu
    "1234",
    "status_code:1000", // MiniMax
    "status_code:1001",
    "status_code:1013",
    "status_code:1024",
  ],
  text: /degraded function/i, // NVIDIA, with status 400
};
