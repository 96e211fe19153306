// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"time"

	"needletail/proxy/pyjson"
	"needletail/proxy/web"
)

// JSON returns an answer with a JSON body.
func JSON(status int, v any) *web.Response {
	return web.NewBytes(status, "application/json", pyjson.Marshal(v))
}

// Empty returns an answer without a body. The Content-Type is WebOb's default,
// which Glance sends with empty answers too.
func Empty(status int) *web.Response {
	return web.NewBytes(status, "text/html; charset=UTF-8", nil)
}

// Time returns a time, in microseconds since the Unix epoch, as Glance shows
// times: whole seconds, UTC.
func Time(micros int64) string {
	return time.UnixMicro(micros).UTC().Format("2006-01-02T15:04:05Z")
}
