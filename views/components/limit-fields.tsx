/** THE table of a key's limits, as forms and the key's page name them. */
export const LIMIT_FIELDS = [
  { name: "daily_limit", field: "dailyLimit", label: "Daily limit", help: "Requests a day." },
  { name: "rpm_limit", field: "rpmLimit", label: "Requests a minute", help: "" },
  { name: "tpm_limit", field: "tpmLimit", label: "Tokens a minute", help: "" },
  { name: "max_concurrency", field: "maxConcurrency", label: "Requests at once", help: "" },
] as const;
