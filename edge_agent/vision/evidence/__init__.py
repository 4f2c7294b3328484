"""What proves a finding: pictures, clips and where somebody came from; masked before written."""
