// Package listing encodes the pages of accounts and containers, byte for byte
// as Swift does (swift/common/middleware/listing_formats.py), and sends a long
// page in pieces.
package listing
