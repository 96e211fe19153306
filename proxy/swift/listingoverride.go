// SPDX-License-Identifier: Apache-2.0

package swift

import (
	"strconv"
	"strings"

	"needletail/objstore"
	"needletail/proxy/web"
)

// OverridePrefix begins the sysmeta of a PUT with the values that the
// container's listing shows in place of the object's own
// (swift/common/request_helpers.py: get_container_update_override_key):
//
//	...Etag          "ETAG" or "ETAG; name=value; name=value"
//	...Size          bytes, decimal
//	...Content-Type  the type
//
// The names after the ETag are symlink_target, symlink_target_account,
// symlink_target_etag, symlink_target_bytes and slo_etag; no value has a ';'. A
// copy passes the lines on with the rest of the sysmeta.
const OverridePrefix = "X-Object-Sysmeta-Container-Update-Override-"

// OverrideETag is the name of the line with the ETag.
const OverrideETag = OverridePrefix + "Etag"

// ListingOverride reads the override lines for an object of the account. An
// invalid value is ignored: only the server's own features write the lines.
func ListingOverride(h web.Header, account string) (o objstore.ListingOverride) {
	if v, ok := h.Lookup(OverridePrefix + "Size"); ok {
		if n, err := strconv.ParseInt(v, 10, 64); err == nil && n >= 0 {
			o.SizeBytes = &n
		}
	}
	o.ContentType = h.Get(OverridePrefix + "Content-Type")
	var params []param
	o.ETag, params = splitOverride(h.Get(OverrideETag))
	target := ""
	for _, p := range params {
		switch p.name {
		case "symlink_target":
			target = p.value
		case "symlink_target_account":
			account = web.Unquote(p.value)
		case "symlink_target_etag":
			o.Extra.Set("symlink_etag", p.value)
		case "symlink_target_bytes":
			o.Extra.Set("symlink_bytes", p.value)
		case "slo_etag":
			o.Extra.Set("slo_etag", `"`+p.value+`"`)
		}
	}
	if target != "" {
		o.Extra.Set("symlink_path", "/v1/"+web.Quote(account)+"/"+target)
	}
	return o
}

type param struct{ name, value string }

// splitOverride splits "ETAG; name=value" into its parts.
func splitOverride(s string) (etag string, params []param) {
	etag, rest, more := strings.Cut(s, ";")
	for more {
		var p string
		p, rest, more = strings.Cut(rest, ";")
		if name, value, ok := strings.Cut(strings.TrimSpace(p), "="); ok {
			params = append(params, param{name, strings.Trim(value, `"`)})
		}
	}
	return strings.TrimSpace(etag), params
}
