package swift

import "strings"

// IsTrue is config_true_value of swift/common/utils.
func IsTrue(s string) bool {
	switch strings.ToLower(s) {
	case "true", "1", "yes", "on", "t", "y":
		return true
	}
	return false
}
