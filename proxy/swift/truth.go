// SPDX-License-Identifier: Apache-2.0

package swift

import "strings"

// IsTrue reports whether s is one of Swift's words for true
// (swift/common/utils: config_true_value).
func IsTrue(s string) bool {
	switch strings.ToLower(s) {
	case "true", "1", "yes", "on", "t", "y":
		return true
	}
	return false
}
