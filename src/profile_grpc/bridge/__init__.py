"""The HTTP bridge: accepts reports of apps that can send one HTTP request, and delivers them to the service over gRPC.

A request is read into named parameters (`parameters`). They are mapped to a report by the names that the app's owner
configured (`templates`, `report`). The report is stored (`spool`) and answered. Later it is delivered (`delivery`):
`delivery.calls` makes a gRPC request of it, and `service` sends that.
"""

from __future__ import annotations
