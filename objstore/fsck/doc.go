// SPDX-License-Identifier: Apache-2.0

// Package fsck checks and repairs stores.
//
// Check and Inspect only read. CheckClosed and InspectClosed work on a closed
// store, CheckLive on the open store of package engine.
//
// Repairs lock the data folder, and so need a closed store. Rebuild makes the
// index anew, from a copy of the index or from the footers of the data files.
// RepairDark gives objects back: a data file without a row lies in quarantine,
// and the footer of the file has the name of the object. NewRings lets the next
// start make rings anew.
//
// A repair never deletes the old state: the old index stays beside the new
// index, old rings stay as FILE.old, and damaged data files go to quarantine.
// RepairDark with Discard is the exception.
package fsck
