require_relative "billing/invoice"
require_relative "billing/tax_table"

module Billing
  VERSION = "1.2.0"
end
