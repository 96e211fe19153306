// SPDX-License-Identifier: Apache-2.0

// Package tasks keeps the tasks of the Image API: records, views and listings. A
// task tells users the outcome of an import. Package glance does the import.
//
// A task begins as "processing" and ends as "success" or "failure". A task that
// has ended is kept for 48 hours. The number of tasks and the length of their
// inputs are bounded.
package tasks
