// SPDX-License-Identifier: Apache-2.0

package swift

import (
	"fmt"
	"slices"
	"strings"

	"needletail/proxy/pyjson"
	"needletail/proxy/pyxml"
)

// ResultTypes are the content types of HeartbeatResult, for Accept to choose
// from.
var ResultTypes = []string{"text/plain", "application/json", "application/xml", "text/xml"}

// FailedName is a line of "Errors": a percent-encoded name, and a status with
// its reason phrase.
type FailedName struct{ Name, Status string }

// HeartbeatResult returns the end of an answer: the values and the failures.
// The status of the answer was sent too early to tell them. Values are texts or
// numbers. In XML, root names the outer element, and there is no declaration. A
// content type outside ResultTypes gives plain text
// (swift/common/request_helpers.py: get_heartbeat_response_body).
func HeartbeatResult(contentType string, values pyjson.Object, failed []FailedName, root string) []byte {
	if contentType == "application/json" {
		list := pyjson.Array{}
		for _, f := range failed {
			list = append(list, pyjson.Array{f.Name, f.Status})
		}
		return pyjson.Marshal(append(slices.Clone(values), pyjson.Member{Key: "Errors", Value: list}))
	}
	sorted := slices.SortedFunc(slices.Values(values), func(a, b pyjson.Member) int {
		return strings.Compare(a.Key, b.Key)
	})
	var out []byte
	if strings.HasSuffix(contentType, "/xml") {
		out = append(out, "<"+root+">\n"...)
		for _, m := range sorted {
			tag := strings.ToLower(strings.ReplaceAll(m.Key, " ", "_"))
			out = append(out, "<"+tag+">"...)
			out = pyxml.AppendText(out, fmt.Sprint(m.Value))
			out = append(out, "</"+tag+">\n"...)
		}
		out = append(out, "<errors>\n"...)
		for _, f := range failed {
			out = pyxml.AppendText(append(out, "<object><name>"...), f.Name)
			out = pyxml.AppendText(append(out, "</name><status>"...), f.Status)
			out = append(out, "</status></object>\n"...)
		}
		return append(out, "</errors>\n</"+root+">\n"...)
	}
	for _, m := range sorted {
		out = fmt.Appendf(out, "%s: %v\n", m.Key, m.Value)
	}
	out = append(out, "Errors:\n"...)
	for _, f := range failed {
		out = fmt.Appendf(out, "%s, %s\n", f.Name, f.Status)
	}
	return out
}
