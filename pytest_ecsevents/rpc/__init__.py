"""The RPC protocol of Alibaba Cloud's APIs: actions, parameters, paging, errors, JSON and XML. Knows no product."""
