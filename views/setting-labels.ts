/** How the Settings page calls each setting; a name that is missing here is written out of itself. */
const LABELS: Record<string, string> = {
  api_endpoint: "API endpoint",
  strategy: "Strategy",
  rotation_request_count: "Requests before the next key",
  queue_timeout_ms: "Longest wait for a key",
  queue_size: "Requests that may wait",
  max_failure_count: "Failures before ejection",
  rate_limit_cooldown_s: "Cooldown where none is stated",
  max_key_switches: "Further keys for one request",
  max_retries: "Attempts after a host's failure",
  retry_deadline_ms: "No new attempt after",
  failover_delay_ms: "Pause before another key",
  key_probe_interval_s: "Trial of a key that is out",
  connect_timeout_ms: "Connection",
  first_byte_timeout_ms: "First byte",
  stream_first_byte_timeout_ms: "First byte of a stream",
  idle_stream_timeout_ms: "Silence within an answer",
  max_request_body_bytes: "Largest request body",
  max_upload_bytes: "Largest upload",
  cors_allowed_origins: "Web pages that may ask",
  client_requests_per_minute: "Requests a minute of one client",
  daily_reset_time_zone: "Day begins in",
  default_daily_limit: "Daily limit of a key",
  model_aliases: "Model aliases",
  model_fallbacks: "Model fallbacks",
  model_prices: "Own prices",
  log_retention_days: "Keep the log for",
  log_max_size_mb: "Largest database",
  archive_before_delete: "Archive before deleting",
  log_bodies: "Keep headers and bodies",
  backup_keep: "Backups to keep",
  alert_webhook_url: "Alert webhook URL",
  alert_webhook_secret: "Alert webhook secret",
  alert_min_usable_keys: "Alert below so many usable keys",
  alert_error_rate_percent: "Alert above this share of failures",
  theme: "Theme",
};

/** `round_robin` → "Round robin", also for the options of a setting. */
export function inWords(name: string): string {
  const words = name.replaceAll("_", " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** The unit at the end of a name stands beside the field already. */
const UNIT = /_(ms|s|bytes|mb|days)$/;

export function settingLabel(name: string): string {
  return (Object.hasOwn(LABELS, name) ? LABELS[name] : undefined) ?? inWords(name.replace(UNIT, ""));
}
