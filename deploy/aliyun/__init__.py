"""What talks to Alibaba Cloud."""
