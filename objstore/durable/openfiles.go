// SPDX-License-Identifier: Apache-2.0

package durable

import (
	"runtime"

	"github.com/cockroachdb/pebble/v2"
)

// OpenFilesMin is the least number of files for a working database: the tables
// of a look-up beside besideTables.
const OpenFilesMin = besideTables + 4

// besideTables is how many files a database has open beside tables being read:
// five folders, the lock, two logs and two manifests while they change, and the
// tables written by a flush and compactions.
const besideTables = 14

// tableCache bounds the open tables of a database, so that the database has at
// most openFiles files open. Tables beyond the bound stay open only as long as
// iterators use them. Pebble's own cache never has less than 64.
func tableCache(openFiles int) *pebble.FileCache {
	tables := max(openFiles, OpenFilesMin) - besideTables
	return pebble.NewFileCache(min(runtime.GOMAXPROCS(0), tables), tables)
}
