// The views that the sidebar leads to.
import { t } from "./texts.js";

export const SIDEBAR = [
  { section: "accounts", href: "#/accounts", icon: "cloud", text: t.nav.accounts },
  { section: "schedules", href: "#/schedules", icon: "clock", text: t.nav.schedules },
  { section: "problems", href: "#/problems", icon: "warning", text: t.nav.problems },
  { section: "organization", href: "#/organization", icon: "building", text: t.nav.organization },
  { section: "enrollments", href: "#/enrollments", icon: "tree", text: t.nav.enrollments },
  { section: "access", href: "#/access-details", icon: "key", text: t.nav.access },
];
