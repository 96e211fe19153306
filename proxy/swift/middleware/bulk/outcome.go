// SPDX-License-Identifier: Apache-2.0

package bulk

import (
	"strconv"

	"needletail/proxy/pyjson"
	"needletail/proxy/swift"
	"needletail/proxy/web"
)

// outcome is the result of a bulk operation so far.
type outcome struct {
	done     int // deleted or created
	notFound int
	failed   []swift.FailedName
	faulty   bool   // a part failed by a fault of the server
	status   int    // what ended the work before its time; 0: nothing did
	text     string // "Response Body" that goes with it
}

// add notes the failure of a name, in memory that r holds until the report has
// been sent. The name is in the report also if add returns an error.
func (o *outcome) add(r *swift.Request, name string, status int) error {
	o.faulty = o.faulty || status >= 500 && status < 600
	f := swift.FailedName{Name: web.Quote(name), Status: statusLine(status)}
	o.failed = append(o.failed, f)
	return r.Hold(reportFactor * int64(len(f.Name)+len(f.Status)))
}

// reportFactor is how many times a failure lies in memory: in the list, and in
// the report made of the list, with the text around it.
const reportFactor = 3

func statusLine(status int) string { return strconv.Itoa(status) + " " + web.StatusText(status) }

// values returns the result without its errors; root is "delete" or "extract".
func (o *outcome) values(root string) pyjson.Object {
	good, nothing := 200, "Invalid bulk delete."
	if root == "extract" {
		good, nothing = 201, "Invalid Tar File: No Valid Files"
	}
	status, text := o.status, o.text
	switch {
	case status != 0:
	case o.faulty:
		status = 502
	case len(o.failed) > 0:
		status = 400
	case o.done+o.notFound == 0:
		status, text = 400, nothing
	default:
		status = good
	}
	result := pyjson.Object{{Key: "Response Status", Value: statusLine(status)}, {Key: "Response Body", Value: text}}
	if root == "extract" {
		return append(result, pyjson.Member{Key: "Number Files Created", Value: o.done})
	}
	return append(result,
		pyjson.Member{Key: "Number Deleted", Value: o.done}, pyjson.Member{Key: "Number Not Found", Value: o.notFound})
}
