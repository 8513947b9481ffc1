"""The HTTP bridge: takes reports of apps that can fire one HTTP request, and delivers them to the service over gRPC.

A request becomes named parameters (`parameters`), these become a report by the names that the app's owner chose
(`templates`, `report`), the report is made durable (`spool`) and answered, and later delivered (`delivery`).
"""

from __future__ import annotations
