// The kinds of instances, and AWS's words for their states. `make kinds` writes this file.
export const KINDS = {
  ec2: {
    running: "running",
    starting: "pending",
    stopping: "stopping",
    stopped: "stopped",
    restartedByAws: false,
  },
  rds: {
    running: "available",
    starting: "starting",
    stopping: "stopping",
    stopped: "stopped",
    restartedByAws: true,
  },
  aurora: {
    running: "available",
    starting: "starting",
    stopping: "stopping",
    stopped: "stopped",
    restartedByAws: true,
  },
};
