// The names of the cloud providers. `make kinds` writes this file.
export const PROVIDERS = {
  aws: "AWS",
  azure: "Azure",
};
