// SPDX-License-Identifier: Apache-2.0

package listing

import (
	"strconv"
	"strings"

	"needletail/proxy/web"
)

// Limit parses the parameter limit of a listing of at most max entries. A text
// with other characters than digits is ignored, and max counts. A number above
// max is 412 (swift/common/request_helpers.py: constrain_req_limit).
func Limit(text string, max int) (int, error) {
	if text == "" || strings.Trim(text, "0123456789") != "" {
		return max, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n > max {
		return 0, web.Statusf(412, "Maximum limit is %d", max)
	}
	return n, nil
}
