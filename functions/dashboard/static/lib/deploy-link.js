// The link that deploys a template of ours in the AWS console.

/**
 * Whether the template's address is presigned, because the template is not public. Checks the address's own query,
 * because a role may have any name.
 */
export function expires(link) {
  const template = new URLSearchParams(new URL(link).hash.split("?")[1]).get("templateURL") ?? link;
  return new URL(template).searchParams.has("X-Amz-Expires");
}
