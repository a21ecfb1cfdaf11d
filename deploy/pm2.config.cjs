// PM2: `pm2 start deploy/pm2.config.cjs && pm2 save`. Needs the executable beside this folder's parent
// (`bun run build` makes dist/load-balancer); put the environment into .env of `cwd`.
// Probe: curl -fsS http://127.0.0.1:4270/health
const path = require("node:path");

const root = path.join(__dirname, "..");

module.exports = {
  apps: [
    {
      name: "load-balancer",
      script: path.join(root, "dist/load-balancer"),
      args: "serve",
      cwd: root,
      // The executable is no script, and one process owns a data folder: no cluster.
      interpreter: "none",
      exec_mode: "fork",
      instances: 1,
      autorestart: true,
      exp_backoff_restart_delay: 200,
      // DRAIN_TIMEOUT_S (30) and what it takes to write the last records; PM2 sends SIGINT, then SIGKILL.
      kill_timeout: 45_000,
      max_memory_restart: "2G",
      time: false,
    },
  ],
};
