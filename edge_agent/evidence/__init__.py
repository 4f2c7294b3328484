"""Pictures and clips from the spool to the centre; deleted only when they arrived or never can."""

from edge_agent.evidence.spool import Spool
from edge_agent.evidence.uploading import EvidenceUploader, wanted_hashes

__all__ = ["EvidenceUploader", "Spool", "wanted_hashes"]
