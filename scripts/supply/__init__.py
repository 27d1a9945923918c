"""What is installed: files of requirements, audit, bill of materials, digests of images."""
