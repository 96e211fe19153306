// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"net/url"
	"strings"

	"needletail/proxy/web"
)

// checkSyncTo asks CheckSyncTo. Without CheckSyncTo, refuseSyncTo decides.
func (c *Controllers) checkSyncTo(value string) error {
	if c.CheckSyncTo != nil {
		return c.CheckSyncTo(value)
	}
	return refuseSyncTo(value)
}

// refuseSyncTo refuses every X-Container-Sync-To but the empty value. There are
// no realms and no allowed hosts to sync to, and a container that seems synced
// and is not would be worse than an error. The texts are Swift's for a cluster
// without realms and hosts (swift/common/utils: validate_sync_to).
func refuseSyncTo(value string) error {
	target := strings.TrimRight(value, "/")
	if target == "" {
		return nil
	}
	if rest, ok := strings.CutPrefix(target, "//"); ok {
		parts := strings.Split(rest, "/")
		if len(parts) != 4 {
			return web.Textf(400, "Invalid X-Container-Sync-To format '%s'", value)
		}
		return web.Textf(400, "No realm key for '%s'", parts[0])
	}
	u, err := url.Parse(target)
	switch {
	case err != nil || u.Scheme != "http" && u.Scheme != "https":
		return web.Textf(400, "Invalid scheme in X-Container-Sync-To, must be \"//\", \"http\", or \"https\".")
	case u.Path == "":
		return web.Textf(400, "Path required in X-Container-Sync-To")
	case u.RawQuery != "" || u.Fragment != "":
		return web.Textf(400, "Params, queries, and fragments not allowed in X-Container-Sync-To")
	}
	return web.Textf(400, "Invalid host '%s' in X-Container-Sync-To", u.Hostname())
}
