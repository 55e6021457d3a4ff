"""What one released model gives away, told by source."""

from sklearn_mid.benchmark._audit._report import AuditReport
from sklearn_mid.benchmark._audit._run import audit

__all__ = ["AuditReport", "audit"]
