// SPDX-License-Identifier: Apache-2.0

package tempurl

import (
	"needletail/proxy/pyjson"
	"needletail/proxy/swift"
)

// Info is the middleware's section of /info.
func Info(c Config) *swift.InfoSection {
	value := pyjson.Object{
		{Key: "methods", Value: methods},
		{Key: "incoming_remove_headers", Value: incomingRemove},
		{Key: "incoming_allow_headers", Value: []string{}},
		{Key: "outgoing_remove_headers", Value: outgoingRemove},
		{Key: "outgoing_allow_headers", Value: outgoingAllow},
		{Key: "allowed_digests", Value: c.Digests.Names()},
	}
	if old := c.Digests.Deprecated(); len(old) > 0 {
		value.Set("deprecated_digests", old)
	}
	return &swift.InfoSection{Name: "tempurl", Value: value}
}
