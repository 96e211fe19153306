// SPDX-License-Identifier: Apache-2.0

// Package listing encodes the pages of accounts and containers as text, byte
// for byte as Swift does (swift/common/middleware/listing_formats.py), and
// sends a long page in pieces. Features of this process that need the entries
// ask for them as values (swift.Request.EachObject) and use no text.
package listing
