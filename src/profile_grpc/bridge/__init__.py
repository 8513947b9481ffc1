"""The HTTP bridge: accepts reports of apps that can send one HTTP request, and delivers them to the service over gRPC.

A request is read into named parameters (`parameters`). They are mapped to a report by the names that the app's owner
configured (`templates`, `report`). The report is stored (`spool`), answered, and delivered later (`delivery`).
"""

from __future__ import annotations
