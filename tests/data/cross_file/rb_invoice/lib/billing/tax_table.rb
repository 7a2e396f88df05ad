module Billing
  class TaxTable
    Row = Struct.new(:country, :from, :percent)

    def initialize(rows)
      @rows = rows.sort_by(&:from)
    end

    def rate_for(country, on:)
      row = @rows.reverse.find { |r| r.country == country && r.from <= on }
      row ? row.percent : 0
    end

    def countries
      @rows.map(&:country).uniq
    end
  end
end
