// SPDX-License-Identifier: Apache-2.0

package swift

// Limits bound the requests of clients: the constraints of
// swift/common/constraints.py under their names in /info.
type Limits struct {
	FileBytes          int64 // max_file_size: the longest object body
	MetaNameBytes      int   // max_meta_name_length, without the prefix
	MetaValueBytes     int   // max_meta_value_length
	MetaCount          int   // max_meta_count
	MetaOverallBytes   int   // max_meta_overall_size: names and values together
	HeaderBytes        int   // max_header_size: the value of a header
	RequestLineBytes   int   // max_request_line
	ExtraHeaders       int   // extra_header_count
	AccountNameBytes   int   // max_account_name_length
	ContainerNameBytes int   // max_container_name_length
	ObjectNameBytes    int   // max_object_name_length
	AccountListing     int   // account_listing_limit: entries of a page
	ContainerListing   int   // container_listing_limit
}

// DefaultLimits returns Swift's defaults.
func DefaultLimits() Limits {
	return Limits{
		FileBytes:          5<<30 + 2,
		MetaNameBytes:      128,
		MetaValueBytes:     256,
		MetaCount:          90,
		MetaOverallBytes:   4096,
		HeaderBytes:        8192,
		RequestLineBytes:   8192,
		AccountNameBytes:   256,
		ContainerNameBytes: 256,
		ObjectNameBytes:    1024,
		AccountListing:     10000,
		ContainerListing:   10000,
	}
}
