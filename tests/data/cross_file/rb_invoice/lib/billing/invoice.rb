require_relative "line_item"
require_relative "tax_table"

module Billing
  class Invoice
    attr_reader :items, :date, :country

    def initialize(country, date, taxes: TaxTable.new([]))
      @country = country
      @date = date
      @taxes = taxes
      @items = []
    end

    def net
      items.sum(&:total)
    end

    def tax
      percent = @taxes.rate_$0
      net * percent / 100
    end
  end
end
