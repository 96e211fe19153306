// SPDX-License-Identifier: Apache-2.0

// Package paging is the listings of the Image API: their queries, their pages
// and the links between pages. A listing of images, of tasks and of namespaces
// gives the package its rows.
package paging
